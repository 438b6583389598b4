/** Does what the task on stdin says with co-wechat-api, and prints what that made of the answers; see ../client-task.ts. */
const { readFileSync } = require('node:fs');
const { Agent } = require('node:http');
const WechatAPI = require('co-wechat-api');

const { url, appId, appSecret } = JSON.parse(readFileSync(0, 'utf8'));
const base = `http://api.weixin.qq.com:${new URL(url).port}`;
/** Its requests keep WeChat's host, whose name leads to this machine. */
const agent = new Agent({ lookup: (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]) });

async function readScenes() {
  const api = new WechatAPI(appId, appSecret);
  api.prefix = `${base}/cgi-bin/`;
  api.setOpts({ agent });
  const { accessToken } = await api.ensureAccessToken();
  const { scene } = await api.request(`${base}/wxaapi/log/get_scene?access_token=${accessToken}`);
  return { token: accessToken, scenes: scene };
}

readScenes()
  .catch(({ name, code, message }) => ({ exception: name, code, message }))
  .then((answer) => console.log(JSON.stringify(answer)));
