package dev.ddpm.spark.io;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * A local file system with at most one fault: under the scheme {@code lossy} it drops the first
 * byte of every file, under {@code unmoving} a rename does nothing and answers false, under {@code
 * full} nothing fits; under any other it works. Under {@code volatile} a rename loses what was not
 * brought to the disk, as a power cut does.
 */
final class FaultyFileSystem extends DelegateToFileSystem {

  /** Called by Hadoop, by reflection. */
  FaultyFileSystem(URI uri, Configuration configuration) throws IOException, URISyntaxException {
    super(uri, new Faulty(uri.getScheme()), configuration, uri.getScheme(), false);
  }

  private static final class Faulty extends RawLocalFileSystem {
    private final String scheme;
    private final Set<String> synced = new HashSet<>();

    Faulty(String scheme) {
      this.scheme = scheme;
    }

    @Override
    public URI getUri() {
      return URI.create(scheme + ":///");
    }

    @Override
    public boolean rename(Path source, Path target) throws IOException {
      if (scheme.equals("volatile") && !synced.contains(source.getName())) {
        Files.write(pathToFile(source).toPath(), new byte[0]);
      }
      return !scheme.equals("unmoving") && super.rename(source, target);
    }

    @Override
    public FSDataOutputStream create(
        Path file,
        boolean overwrite,
        int bufferSize,
        short replication,
        long blockSize,
        Progressable progress)
        throws IOException {
      return faulty(
          file, super.create(file, overwrite, bufferSize, replication, blockSize, progress));
    }

    @Override
    public FSDataOutputStream create(
        Path file,
        FsPermission permission,
        boolean overwrite,
        int bufferSize,
        short replication,
        long blockSize,
        Progressable progress)
        throws IOException {
      return faulty(
          file,
          super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress));
    }

    private FSDataOutputStream faulty(Path file, FSDataOutputStream out) throws IOException {
      return switch (scheme) {
        case "lossy" -> new FSDataOutputStream(new Lossy(out), null);
        case "full" -> {
          out.close();
          yield FileSystem.newInstanceLocal(getConf()).getRaw().create(new Path("/dev/full"), true);
        }
        case "volatile" -> new Observed(out, () -> synced.add(file.getName()));
        default -> out;
      };
    }
  }

  private static final class Lossy extends OutputStream {
    private final OutputStream out;
    private boolean dropped;

    Lossy(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int value) throws IOException {
      if (dropped) {
        out.write(value);
      }
      dropped = true;
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  private static final class Observed extends FSDataOutputStream {
    private final Runnable onSync;

    Observed(FSDataOutputStream out, Runnable onSync) throws IOException {
      super(out, null);
      this.onSync = onSync;
    }

    @Override
    public void hsync() throws IOException {
      super.hsync();
      onSync.run();
    }
  }
}
