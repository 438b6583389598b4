import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;

/** Prints what JDBC tells a BI tool of a schema, a line a fact, its parts separated by tabs. Arguments: url, user, schema. */
public class ReadMetadata {
  public static void main(String[] args) throws Exception {
    try (Connection connection = DriverManager.getConnection(args[0], args[1], "")) {
      DatabaseMetaData data = connection.getMetaData();
      List<String> names = new ArrayList<>();
      try (ResultSet row = data.getTables(null, args[2], "%", new String[] {"TABLE", "VIEW"})) {
        while (row.next()) {
          names.add(row.getString("TABLE_NAME"));
          print("relation", row.getString("TABLE_NAME"), row.getString("TABLE_TYPE"), row.getString("REMARKS"));
        }
      }
      try (ResultSet row = data.getColumns(null, args[2], "%", "%")) {
        while (row.next()) {
          boolean known = row.getInt("DATA_TYPE") != Types.OTHER;
          print("column", row.getString("TABLE_NAME"), row.getString("COLUMN_NAME"), row.getString("TYPE_NAME"),
              String.valueOf(known), row.getString("REMARKS"));
        }
      }
      for (String name : names) {
        try (ResultSet row = data.getPrimaryKeys(null, args[2], name)) {
          while (row.next()) print("key", name, row.getString("COLUMN_NAME"));
        }
      }
    }
  }

  private static void print(String... parts) {
    System.out.println(String.join("\t", parts));
  }
}
