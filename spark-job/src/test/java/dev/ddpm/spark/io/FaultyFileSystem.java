package dev.ddpm.spark.io;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * A local file system with at most one fault: under the scheme {@code lossy} it drops the first
 * byte of every file, under {@code unmoving} a rename does nothing and answers false; under any
 * other it works.
 */
final class FaultyFileSystem extends DelegateToFileSystem {

  /** Called by Hadoop, by reflection. */
  FaultyFileSystem(URI uri, Configuration configuration) throws IOException, URISyntaxException {
    super(uri, new Faulty(uri.getScheme()), configuration, uri.getScheme(), false);
  }

  private static final class Faulty extends RawLocalFileSystem {
    private final String scheme;

    Faulty(String scheme) {
      this.scheme = scheme;
    }

    @Override
    public URI getUri() {
      return URI.create(scheme + ":///");
    }

    @Override
    public boolean rename(Path source, Path target) throws IOException {
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
      return faulty(super.create(file, overwrite, bufferSize, replication, blockSize, progress));
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
          super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress));
    }

    private FSDataOutputStream faulty(FSDataOutputStream out) throws IOException {
      return scheme.equals("lossy") ? new FSDataOutputStream(new Lossy(out), null) : out;
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
}
