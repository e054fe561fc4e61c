package dev.ddpm.spark.deploy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.codec.digest.DigestUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What {@link TinyApplications} have come to, so that two clusters can be compared to the bit.
 *
 * @param tensors SHA-256 of the files with weights, their average and the optimiser's moments
 * @param samples fingerprint of all sampled images, from the manifest
 */
record Outcome(Map<String, String> tensors, String samples) {

  /** Reads what lies in a base folder on any file system. */
  static Outcome of(String base, Configuration configuration) throws IOException {
    Path folder = new Path(base);
    FileSystem files = folder.getFileSystem(configuration);
    Map<String, String> tensors = new TreeMap<>();
    for (String name : List.of("weights", "ema", "updater")) {
      try (InputStream in = files.open(new Path(folder, "run/model/" + name + ".safetensors"))) {
        tensors.put(name, DigestUtils.sha256Hex(in));
      }
    }
    try (InputStream in = files.open(new Path(folder, "samples/manifest.json"))) {
      return new Outcome(tensors, new JsonMapper().readTree(in).get("fingerprint").asText());
    }
  }

  /** Checkpoints in a base folder; 0 before training has begun. */
  static int checkpoints(String base, Configuration configuration) throws IOException {
    Path checkpoints = new Path(base, "run/checkpoints");
    FileSystem files = checkpoints.getFileSystem(configuration);
    return files.exists(checkpoints)
        ? files.listStatus(checkpoints, path -> path.getName().startsWith("round-")).length
        : 0;
  }
}
