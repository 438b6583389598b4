import io.openlineage.client.OpenLineage.RunEvent;
import io.openlineage.client.OpenLineageClientUtils;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a file of events, one a line, and prints of each a line: as the client writes it again, or `refused` and why. */
public class ReadEvents {
  public static void main(String[] args) throws Exception {
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      try {
        RunEvent event = OpenLineageClientUtils.runEventFromJson(line);
        System.out.println(OpenLineageClientUtils.toJson(event));
      } catch (RuntimeException error) {
        System.out.println("refused: " + error.getMessage().split("\n")[0]);
      }
    }
  }
}
