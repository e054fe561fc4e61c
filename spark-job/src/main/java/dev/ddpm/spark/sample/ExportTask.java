package dev.ddpm.spark.sample;

import java.io.IOException;
import java.io.Serializable;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Exports the images of one file, and compares what was exported before with what it must be.
 *
 * @param configuration Hadoop's, as the driver has it
 * @param export the form
 * @param output the output folder
 * @param content what the files of the folder must be
 */
record ExportTask(
    Broadcast<SerializableConfiguration> configuration,
    Export export,
    String output,
    SampleContent content)
    implements Function<IndexRange, ExportTask.Made> {

  @Override
  public Made call(IndexRange range) throws IOException {
    Configuration hadoop = configuration.value().value();
    var images = new ShardFiles(output, ShardTable.IMAGES, content, hadoop);
    int repaired = export.write(range, images, output, hadoop);
    return new Made(export.folder() + "/" + export.fileName(range), repaired);
  }

  /**
   * An export.
   *
   * @param path within the output folder
   * @param files of it that were there before and were not what they must be
   */
  record Made(String path, int files) implements Serializable {

    /** One line for people, if something was wrong. */
    Optional<String> repaired() {
      return files == 0
          ? Optional.empty()
          : Optional.of(
              "%s was damaged: %,d file(s) of it have been exported anew.".formatted(path, files));
    }
  }
}
