import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions.Style;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Checks (default) or rewrites ({@code -Dformat=write}) every Java source of the project with
 * google-java-format. Run by the parent pom in the validate phase.
 */
final class Format {
  private static final Set<String> SKIPPED = Set.of("target", "build", ".git", "node_modules");

  public static void main(String[] args) throws Exception {
    Path root = Path.of(args[0]);
    boolean write = "write".equals(System.getProperty("format"));
    var formatter = new Formatter();
    var wrong = new ArrayList<Path>();
    for (Path file : sources(root)) {
      String source = Files.readString(file);
      String unused = RemoveUnusedImports.removeUnusedImports(source);
      String formatted = formatter.formatSource(ImportOrderer.reorderImports(unused, Style.GOOGLE));
      if (!formatted.equals(source)) {
        wrong.add(root.relativize(file));
        if (write) {
          Files.writeString(file, formatted);
        }
      }
    }
    if (wrong.isEmpty()) {
      return;
    }
    wrong.forEach(file -> System.err.println((write ? "formatted " : "not formatted: ") + file));
    if (!write) {
      System.err.println("Run: mvn -q -N validate -Dformat=write");
      System.exit(1);
    }
  }

  private static List<Path> sources(Path root) throws IOException {
    var files = new ArrayList<Path>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attrs) {
            return SKIPPED.contains(dir.getFileName().toString())
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attrs) {
            if (file.toString().endsWith(".java")) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return files;
  }
}
