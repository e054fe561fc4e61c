package dev.ddpm.spark.train;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.JsonFault;
import dev.ddpm.checkpoint.StoredFormat;
import dev.ddpm.diffusion.Prediction;
import dev.ddpm.spark.io.HadoopFileStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The reports of all rounds in {@code metrics.jsonl}, one a line, and their picture. */
final class MetricsFile {
  private static final Logger LOG = LoggerFactory.getLogger(MetricsFile.class);
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();
  private static final String METRICS = "metrics.jsonl";
  private static final String CURVE = "loss.png";

  private final HadoopFileStore store;

  /** The metrics in a folder. */
  MetricsFile(HadoopFileStore store) {
    this.store = store;
  }

  /** Writes the reports and draws the loss curve. */
  void write(List<RoundReport> reports, Prediction prediction) {
    try {
      StringBuilder lines = new StringBuilder();
      for (RoundReport report : reports) {
        lines.append(JSON.writeValueAsString(report)).append('\n');
      }
      byte[] text = lines.toString().getBytes(StandardCharsets.UTF_8);
      store.create(METRICS, out -> out.write(text));
      byte[] curve = LossCurve.png(reports, prediction);
      store.create(CURVE, out -> out.write(curve));
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s cannot be written: %s.", store.location(METRICS), e.getMessage());
    }
  }

  /** The reports of earlier rounds, up to one. Lines that cannot be read are left out. */
  List<RoundReport> upTo(long round) {
    List<RoundReport> reports = new ArrayList<>();
    try {
      if (!store.exists(METRICS)) {
        return reports;
      }
      byte[] text;
      try (InputStream in = store.open(METRICS)) {
        text = in.readAllBytes();
      }
      List<String> lines = new String(text, StandardCharsets.UTF_8).lines().toList();
      int unreadable = 0;
      String first = "";
      for (int i = 0; i < lines.size(); i++) {
        try {
          RoundReport report = read(lines.get(i));
          if (report.round() <= round) {
            reports.add(report);
          }
        } catch (JsonProcessingException e) {
          if (unreadable++ == 0) {
            String reason =
                new JsonFault(JSON, e, lines.get(i).getBytes(StandardCharsets.UTF_8)).reason();
            first = "line %d: %s".formatted(i + 1, reason);
          }
        }
      }
      if (unreadable > 0) {
        LOG.warn(
            "{} has {} line(s) that cannot be read and are left out, the first of them {}.",
            store.location(METRICS),
            unreadable,
            first);
      }
    } catch (IOException e) {
      throw DdpmException.environment(
          e, "%s cannot be read: %s.", store.location(METRICS), e.getMessage());
    }
    return reports;
  }

  /** Rounds that version 0.1 has made have names in camel case, also amid those of a later one. */
  private static RoundReport read(String line) throws JsonProcessingException {
    ObjectNode report = JSON.readValue(line, ObjectNode.class);
    if (report == null) {
      throw new JsonMappingException(null, "null is no round");
    }
    StoredFormat.nameInSnakeCase(report);
    return JSON.treeToValue(report, RoundReport.class);
  }
}
