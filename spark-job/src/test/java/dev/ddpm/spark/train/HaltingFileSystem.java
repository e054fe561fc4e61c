package dev.ddpm.spark.train;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * The local file system under the scheme {@code halting}, whose process ends as by kill -9 before
 * the description of the checkpoint of round 4 gets its name: all its other files are there.
 */
public final class HaltingFileSystem extends RawLocalFileSystem {
  private static final String LAST_FILE = "round-000004/model.json";

  @Override
  public URI getUri() {
    return URI.create("halting:///");
  }

  @Override
  public boolean rename(Path source, Path target) throws IOException {
    if (target.toString().endsWith(LAST_FILE)) {
      Runtime.getRuntime().halt(HaltingDriver.HALTED);
    }
    return super.rename(source, target);
  }

  /** The same as Hadoop's newer interface. */
  public static final class Contract extends DelegateToFileSystem {
    /** Called by Hadoop, by reflection. */
    Contract(URI uri, Configuration configuration) throws IOException, URISyntaxException {
      super(uri, new HaltingFileSystem(), configuration, "halting", false);
    }
  }
}
