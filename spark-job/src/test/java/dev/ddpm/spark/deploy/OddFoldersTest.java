package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ddpm.spark.LocalSpark;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Copies of the project's scripts in folders with names that people give. */
class OddFoldersTest {
  @TempDir Path folder;

  private record Result(int exitCode, String out, String err) {}

  /** The environment of cron: what is found there is found everywhere. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void picturesWithAnyNameAreFoundFromAnyFolderInAnyLocale() throws Exception {
    Path project = project("it's a \"ü\" $x, 100% & 日本");
    Path pictures = Files.createDirectory(folder.resolve("bilder ü"));
    for (String name : List.of("a.png", "ä.png", "日本 '.png")) {
      ImageIO.write(
          new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY),
          "png",
          pictures.resolve(name).toFile());
    }
    Path link = Files.createSymbolicLink(folder.resolve("link"), project.resolve("ddpm"));
    Path links = Files.createDirectory(folder.resolve("links"));
    Path relative = Files.createSymbolicLink(links.resolve("relative"), Path.of("../link"));
    assertThat(link).isExecutable();

    Result result =
        run(
            Map.of("LC_ALL", "C", "SPARK_HOME", ""),
            relative.toString(),
            "--master",
            "local[2]",
            "--memory",
            "600m",
            "--conf",
            "spark.driver.extraClassPath=" + LocalSpark.classPath(),
            "ingest",
            "--source",
            "folder",
            "--channels",
            "grey",
            "--output",
            "tabelle ü",
            pictures.getFileName().toString());

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out()).contains("3 images of 8×8×1 in tabelle ü", "found 3, used 3");
    assertThat(folder.resolve("tabelle ü/_dataset.json")).exists();
    assertThat(result.err()).as("logging is configured").doesNotContain("INFO");
  }

  @Test
  void everyScriptCanBeCalledThroughALink() throws Exception {
    Path scripts = project("p").resolve("submit-scripts");
    try (Stream<Path> all = Files.list(scripts)) {
      for (Path script : all.filter(file -> file.toString().endsWith(".sh")).toList()) {
        String name = script.getFileName().toString();
        Path link =
            Files.createSymbolicLink(folder.resolve(name), Path.of("p/submit-scripts", name));
        Result direct = run(Map.of(), script.toString(), "--help");

        assertThat(run(Map.of(), link.toString(), "--help")).as(name).isEqualTo(direct);
        assertThat(run(Map.of("CDPATH", folder + ":/"), name, "--help"))
            .as("by the search path, with a CDPATH")
            .isEqualTo(direct);
      }
    }
    Path submit =
        Files.createSymbolicLink(
            folder.resolve("spark-submit"), Path.of("p/submit-scripts/bin/spark-submit"));
    Path spark = scripts.resolveSibling("spark-job/target/spark");
    assertThat(run(Map.of("SPARK_HOME", spark.toString()), submit.toString(), "--version").err())
        .contains("version 3.5");
  }

  /** Nothing can help there: colons part the entries of a class path. */
  @Test
  void aColonIsRefusedBeforeAnythingStarts() throws Exception {
    Path project = project("12:30");

    Result result = run(Map.of("SPARK_HOME", ""), project.resolve("ddpm").toString(), "config");

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .isEqualTo(
            "error: Spark %s/spark-job/target/spark has a colon in its path, which Java takes for"
                + " the end of a path: move it.\n",
            project);
  }

  /**
   * A copy of the scripts and their settings, with this build's Spark and a jar without classes.
   */
  private Path project(String name) throws IOException {
    Path project = Files.createDirectory(folder.resolve(name));
    Files.copy(Path.of("../ddpm"), project.resolve("ddpm"));
    for (String part : List.of("submit-scripts", "conf")) {
      Path source = Path.of("..", part);
      try (Stream<Path> all = Files.walk(source)) {
        for (Path file : all.toList()) {
          Files.copy(file, project.resolve(part).resolve(source.relativize(file).toString()));
        }
      }
    }
    Path target = Files.createDirectories(project.resolve("spark-job/target"));
    Files.createSymbolicLink(target.resolve("spark"), Path.of("target/spark").toRealPath());
    Files.createFile(target.resolve("ddpm-spark.jar"));
    return project;
  }

  private Result run(Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    List<String> words = new ArrayList<>(List.of("env"));
    Map<String, String> variables = new TreeMap<>(environment);
    variables.put("PATH", folder + ":" + System.getenv("PATH"));
    variables.forEach((name, value) -> words.add(name + "=" + value));
    words.addAll(List.of(command));
    Process process =
        new ProcessBuilder(words)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("ended in time").isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }
}
