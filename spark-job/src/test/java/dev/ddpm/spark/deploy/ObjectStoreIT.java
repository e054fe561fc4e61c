package dev.ddpm.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.commons.codec.digest.DigestUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The three jobs with all data on s3a://, committed by spark-hadoop-cloud's committers, against
 * Adobe's S3Mock: a server of its own that speaks the protocol, not the store of a provider.
 */
@Tag("clusters")
class ObjectStoreIT {
  private static final Path JARS = Path.of("target/s3a").toAbsolutePath();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir Path folder;

  private Process server;
  private int port;

  @BeforeEach
  void start() throws IOException {
    port = FreePort.find();
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-jar",
                JARS.resolve("s3mock.jar").toString(),
                "--com.adobe.testing.s3mock.httpPort=" + port,
                "--server.port=" + FreePort.find())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("s3mock.log").toFile());
    builder.environment().put("initialBuckets", "data");
    server = builder.start();
    await("the object store answers")
        .atMost(Duration.ofMinutes(3))
        .ignoreExceptions()
        .until(() -> get("").statusCode() == 200);
  }

  @AfterEach
  void stop() {
    server.destroyForcibly();
  }

  @Test
  void tablesRunsAndSamplesOnAnObjectStore() throws Exception {
    Path input = LocalOutcome.inputIn(folder);
    var jobs = new TinyApplications(input.toString(), "s3a://data/base");
    for (List<String> job : List.of(jobs.ingest(), jobs.train(), jobs.sample())) {
      try (Submission submission = submit(job)) {
        submission.succeeds();
      }
    }

    Map<String, String> tensors = new TreeMap<>();
    for (String name : List.of("weights", "ema", "updater")) {
      tensors.put(
          name, DigestUtils.sha256Hex(get("/data/base/run/model/" + name + ".safetensors").body()));
    }
    String samples =
        new JsonMapper()
            .readTree(get("/data/base/samples/manifest.json").body())
            .get("fingerprint")
            .asText();
    assertThat(new Outcome(tensors, samples)).isEqualTo(LocalOutcome.get());
  }

  private Submission submit(List<String> job) throws IOException {
    String jars;
    try (var files = Files.list(JARS)) {
      jars =
          files
              .map(Path::toString)
              .filter(file -> !file.endsWith("s3mock.jar"))
              .sorted()
              .collect(Collectors.joining(":"));
    }
    List<String> words = new ArrayList<>(List.of("--master", "local[2]"));
    words.addAll(List.of("--memory", "512m", "--native-memory", "1g"));
    words.addAll(List.of("--settings", Submission.PROJECT + "/conf/spark-defaults/s3a.conf"));
    for (String setting :
        List.of(
            "spark.driver.extraClassPath=" + jars,
            "spark.hadoop.fs.s3a.endpoint=http://127.0.0.1:" + port,
            "spark.hadoop.fs.s3a.path.style.access=true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled=false",
            // The stand-in refuses a copy that names the version it expects.
            "spark.hadoop.fs.s3a.change.detection.mode=none")) {
      words.addAll(List.of("--conf", setting));
    }
    words.addAll(job);
    return Submission.start(
        folder.resolve(job.get(0) + ".log"),
        Map.of("AWS_ACCESS_KEY_ID", "any", "AWS_SECRET_ACCESS_KEY", "any"),
        "local.sh",
        words);
  }

  private HttpResponse<byte[]> get(String path) throws IOException, InterruptedException {
    return HTTP.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
        BodyHandlers.ofByteArray());
  }
}
