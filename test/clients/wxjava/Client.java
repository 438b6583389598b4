import cn.binarywang.wx.miniapp.api.WxMaService;
import cn.binarywang.wx.miniapp.api.impl.WxMaServiceImpl;
import cn.binarywang.wx.miniapp.config.impl.WxMaDefaultConfigImpl;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import me.chanjar.weixin.common.error.WxErrorException;

/** Does what the task on stdin says with WxJava, and prints what WxJava made of the answers; see ../client-task.ts. */
public final class Client {
  public static void main(String[] args) {
    var task = JsonParser.parseReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).getAsJsonObject();
    new PrintStream(System.out, true, StandardCharsets.UTF_8).println(readScenes(service(task)));
  }

  /** The simulator is its proxy, so its requests keep WeChat's host. */
  private static WxMaService service(JsonObject task) {
    var simulator = URI.create(task.get("url").getAsString());
    var config = new WxMaDefaultConfigImpl();
    config.setAppid(task.get("appId").getAsString());
    config.setSecret(task.get("appSecret").getAsString());
    config.useStableAccessToken(task.get("tokens").getAsString().equals("stable_token"));
    config.setApiHostUrl("http://api.weixin.qq.com");
    config.setHttpProxyHost(simulator.getHost());
    config.setHttpProxyPort(simulator.getPort());
    var service = new WxMaServiceImpl();
    service.setWxMaConfig(config);
    return service;
  }

  private static JsonObject readScenes(WxMaService service) {
    var answer = new JsonObject();
    try {
      answer.addProperty("token", service.getAccessToken());
      var list = service.get("https://api.weixin.qq.com/wxaapi/log/get_scene", null);
      answer.add("scenes", JsonParser.parseString(list).getAsJsonObject().get("scene"));
    } catch (WxErrorException exception) {
      answer = new JsonObject();
      answer.addProperty("exception", exception.getClass().getSimpleName());
      answer.addProperty("code", exception.getError().getErrorCode());
      answer.addProperty("message", exception.getError().getErrorMsg());
    }
    return answer;
  }
}
