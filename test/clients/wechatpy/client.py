"""Does what the task on stdin says with wechatpy, and prints what wechatpy made of the answers; see ../client-task.ts."""
import json
import sys

from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient, WeChatComponent
from wechatpy.exceptions import WeChatClientException

WECHAT = "https://api.weixin.qq.com/"


class ToSimulator(HTTPAdapter):
    """wechatpy has addresses of its own in its code: what goes there goes to the simulator, under the same Host."""

    def __init__(self, url):
        super().__init__()
        self.url = url + "/"

    def send(self, request, **options):
        request.headers["Host"] = "api.weixin.qq.com"
        request.url = request.url.replace(WECHAT, self.url, 1)
        return super().send(request, **options)


def redirected(client, url):
    client._http.mount(WECHAT, ToSimulator(url))
    return client


def scenes(client):
    return client.get("wxaapi/log/get_scene", api_base_url=WECHAT)["scene"]


def attempt(work):
    try:
        return work()
    except WeChatClientException as error:
        return {"exception": type(error).__name__, "code": error.errcode, "message": error.errmsg}


def read_scenes(task):
    client = redirected(WeChatClient(task["appId"], task["appSecret"]), task["url"])
    return attempt(lambda: {"token": client.access_token, "scenes": scenes(client)})


def read_platform(task):
    """Goes through the roster two rows a page, and reads the scenes of each account as the platform."""
    component = WeChatComponent(task["componentAppId"], task["componentAppSecret"], "token", "0" * 43)
    redirected(component, task["url"]).session.set("component_verify_ticket", task["verifyTicket"])
    roster, total = [], 1
    while len(roster) < total:
        page = component.get_authorizer_list(len(roster), 2)
        roster, total = roster + page["list"], page["total_count"]
    accounts = [read_authorizer(component, row, task["url"]) for row in roster]
    refused = attempt(lambda: component.refresh_authorizer_token(roster[0]["authorizer_appid"], "refreshtoken@@@none"))
    return {"total": total, "accounts": accounts, "refused": refused}


def read_authorizer(component, row, url):
    """wechatpy keeps no refresh token that is given later: whoever uses it does."""
    app_id, listed = row["authorizer_appid"], row["refresh_token"]
    renewed = component.refresh_authorizer_token(app_id, listed)
    component.session.set(f"{app_id}_access_token", renewed["authorizer_access_token"])
    component.session.set(f"{app_id}_refresh_token", renewed["authorizer_refresh_token"])
    client = redirected(component.get_client_by_appid(app_id), url)
    read = {"appId": app_id, "scenes": scenes(client), "token": client.access_token}
    return {**read, "listed": listed, "refreshed": renewed["authorizer_refresh_token"]}


task = json.load(sys.stdin)
json.dump({"scenes": read_scenes, "platform": read_platform}[task["what"]](task), sys.stdout)
