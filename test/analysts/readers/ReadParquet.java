import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.schema.LogicalTypeAnnotation.StringLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

/** Reads the file named by its argument with parquet-java, without Spark; prints what read_parquet.py does. */
public final class ReadParquet {
  public static void main(String[] args) throws IOException {
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    var file = new LocalInputFile(Path.of(args[0]));
    try (var reader = ParquetFileReader.open(file)) {
      var types = new ArrayList<String>();
      for (var field : reader.getFileMetaData().getSchema().getFields()) {
        types.add(json(field.getName()) + ":" + json(field.toString()));
      }
      out.println("{" + String.join(",", types) + "}");
    }
    try (var rows = new Rows(file).build()) {
      for (var row = rows.read(); row != null; row = rows.read()) {
        var cells = new ArrayList<String>();
        for (var field : row.getType().getFields()) cells.add(cell(row, field.asPrimitiveType()));
        out.println("[" + String.join(",", cells) + "]");
      }
    }
  }

  private static final class Rows extends ParquetReader.Builder<Group> {
    Rows(InputFile file) {
      super(file, new PlainParquetConfiguration());
    }

    @Override
    protected ReadSupport<Group> getReadSupport() {
      return new GroupReadSupport();
    }
  }

  private static String cell(Group row, PrimitiveType type) {
    var name = type.getName();
    if (row.getFieldRepetitionCount(name) == 0) {
      if (type.isRepetition(Type.Repetition.REQUIRED)) throw new IllegalStateException("no " + name);
      return "null";
    }
    return switch (type.getPrimitiveTypeName()) {
      case BOOLEAN -> String.valueOf(row.getBoolean(name, 0));
      case INT64 -> json(long64(row.getLong(name, 0), type));
      case BINARY -> {
        if (!(type.getLogicalTypeAnnotation() instanceof StringLogicalTypeAnnotation)) throw new IllegalStateException(name);
        yield json(row.getString(name, 0));
      }
      default -> throw new IllegalStateException(type.toString());
    };
  }

  private static String long64(long value, PrimitiveType type) {
    if (!(type.getLogicalTypeAnnotation() instanceof TimestampLogicalTypeAnnotation time)) return String.valueOf(value);
    if (!time.isAdjustedToUTC()) throw new IllegalStateException(type.toString());
    var second = Math.floorDiv(value, 1_000_000L);
    var instant = Instant.ofEpochSecond(second, Math.floorMod(value, 1_000_000L) * 1_000);
    return new DateTimeFormatterBuilder().appendInstant(6).toFormatter().format(instant);
  }

  private static String json(String text) {
    var quoted = new StringBuilder("\"");
    for (var character : text.toCharArray()) {
      if (character == '"' || character == '\\' || character < ' ') quoted.append(String.format("\\u%04x", (int) character));
      else quoted.append(character);
    }
    return quoted.append('"').toString();
  }
}
