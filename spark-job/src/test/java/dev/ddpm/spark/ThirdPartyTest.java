package dev.ddpm.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** THIRD-PARTY.md names what the job jar carries: nothing is missing, and nothing is left over. */
class ThirdPartyTest {
  private static final Path PROJECT = Path.of("..");

  /**
   * One runtime dependency as Maven lists it: {@code
   * group:artifact:jar[:classifier]:version:scope:path}.
   */
  private record Library(String coordinates, Path jar) {
    private static final Pattern LINE =
        Pattern.compile(
            "\\s+([^:\\s]+):([^:]+):jar(?::[^:]+)?:([^:]+):(?:compile|runtime):(\\S+\\.jar).*");

    static List<Library> ofJobJar() throws IOException {
      return Files.readAllLines(Path.of("target/third-party")).stream()
          .map(LINE::matcher)
          .filter(line -> line.matches())
          .map(
              line ->
                  new Library(
                      String.join(":", line.group(1), line.group(2), line.group(3)),
                      Path.of(line.group(4))))
          .toList();
    }
  }

  @Test
  void listsTheLibraries() throws IOException {
    Set<String> carried =
        new TreeSet<>(Library.ofJobJar().stream().map(Library::coordinates).toList());

    assertThat(carried).isNotEmpty();
    // A build without profile cuda cannot see what that adds.
    Set<String> named = named("## Libraries", "## Native", "`([^`:]+:[^`:]+:[^`:]+)`");
    if (carried.stream().anyMatch(library -> library.contains(":nd4j-cuda"))) {
      Set<String> others = named("## Only", "\\Z", "`([^`:]+:[^`:]+:[^`:]+)`");
      Set<String> replaced = new TreeSet<>(others.stream().map(ThirdPartyTest::artifact).toList());
      named.removeIf(library -> replaced.contains(artifact(library)));
      named.addAll(others);
    }
    assertThat(named).isEqualTo(carried);
  }

  /** A library without its version. */
  private static String artifact(String library) {
    return library.substring(0, library.lastIndexOf(':'));
  }

  /** Bindings that the jar leaves out. */
  private static Pattern leftOut() throws IOException {
    String globs =
        Pattern.compile("<exclude>org/bytedeco/cuda/[*]/(\\w+)[*]</exclude>")
            .matcher(Files.readString(Path.of("pom.xml")))
            .results()
            .map(found -> found.group(1) + ".*")
            .collect(Collectors.joining("|"));
    assertThat(globs).isNotEmpty();
    return Pattern.compile(globs);
  }

  @Test
  void listsTheNativeLibraries() throws IOException {
    Set<String> carried = new TreeSet<>();
    Pattern leftOut = leftOut();
    for (Library library : Library.ofJobJar()) {
      if (library.coordinates().contains(":nd4j-cuda")) {
        continue;
      }
      try (JarFile jar = new JarFile(library.jar().toFile())) {
        jar.stream()
            .map(entry -> entry.getName().substring(entry.getName().lastIndexOf('/') + 1))
            .filter(name -> name.matches(".*\\.(so(\\.\\d+)*|dll|dylib|jnilib|a)"))
            .filter(name -> !leftOut.matcher(name).matches())
            .forEach(carried::add);
      }
    }

    assertThat(
            named(
                "## Native libraries", "## Only", "`([^`/ ]+\\.(?:so[.\\d]*|dll|dylib|jnilib|a))`"))
        .isEqualTo(carried);
  }

  @Test
  void textsOfLicencesAreThereAndInTheJar() throws IOException {
    for (String text : named("", "\\Z", "\\((licenses/[^)]+)\\)")) {
      assertThat(PROJECT.resolve(text)).isRegularFile();
      assertThat(ThirdPartyTest.class.getResource("/META-INF/" + text)).as(text).isNotNull();
    }
    for (String paper : List.of("LICENSE", "NOTICE", "THIRD-PARTY.md")) {
      assertThat(Path.of("target/classes/META-INF", paper))
          .hasSameBinaryContentAs(PROJECT.resolve(paper));
    }
  }

  /** What group 1 of a pattern finds in the part of the file from one heading to another. */
  private static Set<String> named(String from, String to, String pattern) throws IOException {
    String text = Files.readString(PROJECT.resolve("THIRD-PARTY.md"));
    String part = text.substring(text.indexOf(from));
    return new TreeSet<>(
        Pattern.compile(pattern)
            .matcher(part.split("(?m)^" + to, 2)[0])
            .results()
            .map(MatchResult::group)
            .map(found -> found.replaceAll("[`()]", ""))
            .toList());
  }
}
