import com.google.common.collect.ImmutableList;
import com.google.zetasql.Analyzer;
import com.google.zetasql.AnalyzerOptions;
import com.google.zetasql.Function;
import com.google.zetasql.FunctionArgumentType;
import com.google.zetasql.FunctionSignature;
import com.google.zetasql.LanguageOptions;
import com.google.zetasql.ParseResumeLocation;
import com.google.zetasql.SimpleCatalog;
import com.google.zetasql.SimpleColumn;
import com.google.zetasql.SimpleTable;
import com.google.zetasql.SqlException;
import com.google.zetasql.TVFRelation;
import com.google.zetasql.TableValuedFunction;
import com.google.zetasql.Type;
import com.google.zetasql.TypeFactory;
import com.google.zetasql.ZetaSQLBuiltinFunctionOptions;
import com.google.zetasql.ZetaSQLFunctions;
import com.google.zetasql.ZetaSQLFunctions.SignatureArgumentKind;
import com.google.zetasql.ZetaSQLOptions;
import com.google.zetasql.ZetaSQLType.TypeKind;
import com.google.zetasql.resolvedast.ResolvedNodes.ResolvedAddColumnAction;
import com.google.zetasql.resolvedast.ResolvedNodes.ResolvedAlterTableStmt;
import com.google.zetasql.resolvedast.ResolvedNodes.ResolvedCreateFunctionStmt;
import com.google.zetasql.resolvedast.ResolvedNodes.ResolvedCreateTableFunctionStmt;
import com.google.zetasql.resolvedast.ResolvedNodes.ResolvedCreateTableStmtBase;
import com.google.zetasql.resolvedast.ResolvedNodes.ResolvedCreateViewBase;
import com.google.zetasql.resolvedast.ResolvedNodes.ResolvedStatement;
import com.google.zetasql.toolkit.options.BigQueryLanguageOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Resolves the statements of the given files, in order, with GoogleSQL's own analyzer set to BigQuery's language. A statement
 * sees the tables, views and functions that earlier ones created. Prints FILE, a tab and the message for each file that is
 * refused (the rest of that file is not looked at), then "N passed, M refused". Exit 1 when one is refused.
 */
public class Gate {
  private static final Pattern PARAMETER = Pattern.compile("@(\\w+) (ARRAY<)?(\\w+)");

  private final SimpleCatalog catalog = new SimpleCatalog("gate");
  private final Map<String, SimpleTable> tables = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  private final LanguageOptions language = BigQueryLanguageOptions.get();
  private int passed;

  private Gate() {
    // BigQuery documents both; the toolkit's list is older.
    language.enableLanguageFeature(ZetaSQLOptions.LanguageFeature.FEATURE_CREATE_VIEWS_WITH_COLUMN_OPTIONS);
    language.enableLanguageFeature(ZetaSQLOptions.LanguageFeature.FEATURE_V_1_1_FOR_SYSTEM_TIME_AS_OF);
    catalog.addZetaSQLFunctionsAndTypes(new ZetaSQLBuiltinFunctionOptions(language));
  }

  public static void main(String[] files) throws Exception {
    Gate gate = new Gate();
    int refused = 0;
    for (String file : files) {
      try {
        gate.check(Files.readString(Path.of(file)));
      } catch (SqlException error) {
        refused++;
        System.out.println(file + "\t" + error.getMessage().replace('\n', ' '));
      }
    }
    System.out.println(gate.passed + " passed, " + refused + " refused");
    System.exit(refused == 0 ? 0 : 1);
  }

  private void check(String sql) {
    AnalyzerOptions options = optionsOf(sql);
    ParseResumeLocation position = new ParseResumeLocation(sql);
    int length = sql.stripTrailing().getBytes(StandardCharsets.UTF_8).length;
    while (position.getBytePosition() < length) {
      remember(Analyzer.analyzeNextStatement(position, options, catalog));
      passed++;
    }
  }

  /** The types of parameters are declared in the first line: {@code -- @run_id STRING @tokens ARRAY<INT64>}. */
  private AnalyzerOptions optionsOf(String sql) {
    AnalyzerOptions options = new AnalyzerOptions();
    options.setLanguageOptions(language);
    options.addSystemVariable(List.of("row_count"), TypeFactory.createSimpleType(TypeKind.TYPE_INT64));
    Matcher declared = PARAMETER.matcher(sql.startsWith("-- @") ? sql.lines().findFirst().orElse("") : "");
    while (declared.find()) {
      Type type = TypeFactory.createSimpleType(TypeKind.valueOf("TYPE_" + declared.group(3)));
      options.addQueryParameter(declared.group(1), declared.group(2) == null ? type : TypeFactory.createArrayType(type));
    }
    return options;
  }

  private void remember(ResolvedStatement statement) {
    if (statement instanceof ResolvedCreateTableStmtBase created) {
      List<SimpleColumn> columns = new ArrayList<>();
      String name = String.join(".", created.getNamePath());
      created.getColumnDefinitionList().forEach(c -> columns.add(new SimpleColumn(name, c.getName(), c.getType())));
      putTable(name, columns);
    } else if (statement instanceof ResolvedCreateViewBase created) {
      List<SimpleColumn> columns = new ArrayList<>();
      String name = String.join(".", created.getNamePath());
      created.getOutputColumnList().forEach(c -> columns.add(new SimpleColumn(name, c.getName(), c.getColumn().getType())));
      putTable(name, columns);
    } else if (statement instanceof ResolvedCreateFunctionStmt created) {
      catalog.addFunction(
          new Function(
              created.getNamePath(),
              "gate",
              ZetaSQLFunctions.FunctionEnums.Mode.SCALAR,
              List.of(concrete(created.getSignature()))));
    } else if (statement instanceof ResolvedCreateTableFunctionStmt created) {
      List<TVFRelation.Column> columns = new ArrayList<>();
      created.getOutputColumnList().forEach(c -> columns.add(TVFRelation.Column.create(c.getName(), c.getColumn().getType())));
      catalog.addTableValuedFunction(
          new TableValuedFunction.FixedOutputSchemaTVF(
              ImmutableList.copyOf(created.getNamePath()),
              created.getSignature(),
              TVFRelation.createColumnBased(columns)));
    } else if (statement instanceof ResolvedAlterTableStmt altered) {
      String name = String.join(".", altered.getNamePath());
      SimpleTable table = tables.get(name);
      if (table == null) return;
      List<SimpleColumn> columns = new ArrayList<>(table.getColumnList());
      for (var action : altered.getAlterActionList()) {
        if (action instanceof ResolvedAddColumnAction added) {
          var definition = added.getColumnDefinition();
          columns.add(new SimpleColumn(name, definition.getName(), definition.getType()));
        }
      }
      putTable(name, columns);
    }
  }

  /**
   * What a function of {@code ANY TYPE} returns is known at its call only, which this client cannot resolve. The one that
   * there is returns a text.
   */
  private static FunctionSignature concrete(FunctionSignature signature) {
    if (signature.getResultType().getKind() == SignatureArgumentKind.ARG_TYPE_FIXED) return signature;
    Type text = TypeFactory.createSimpleType(TypeKind.TYPE_STRING);
    return new FunctionSignature(new FunctionArgumentType(text), signature.getFunctionArgumentList(), -1);
  }

  private void putTable(String name, List<SimpleColumn> columns) {
    SimpleTable table = new SimpleTable(name, columns);
    if (tables.put(name, table) != null) catalog.removeSimpleTable(name.toLowerCase(Locale.ROOT));
    catalog.addSimpleTable(table);
  }
}
