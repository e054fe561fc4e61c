package dev.ddpm.spark.sample;

import dev.ddpm.checkpoint.Checksum;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.io.HadoopFileStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.Path;

/**
 * Other forms of a table's images, made file by file from the table, which stays. What is there
 * already is compared with the table, and made anew where it differs.
 */
public enum Export {
  /** A folder of PNG files per table file, named by the sample index. */
  PNG {
    @Override
    String fileName(IndexRange range) {
      return range.fileStem();
    }

    @Override
    int write(IndexRange range, ShardFiles table, HadoopFileStore folder, Configuration conf)
        throws IOException {
      Map<String, byte[]> files = new TreeMap<>();
      table.rows(
          range,
          (row, image) -> {
            String name =
                String.format(Locale.ROOT, "%012d.png", row.getLong(SampleTable.INDEX, 0));
            files.put(name, row.getBinary(SampleTable.IMAGE, 0).getBytes());
            return true;
          });
      if (folder.createNewFolder(fileName(range), new TreeMap<>(files))) {
        return 0;
      }
      var there = new HadoopFileStore(folder.location(fileName(range)), conf);
      int repaired = 0;
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        byte[] png = file.getValue();
        if (!there.exists(file.getKey())
            || !Arrays.equals(digest(there, file.getKey()), Checksum.digest().digest(png))) {
          there.create(file.getKey(), out -> out.write(png));
          repaired++;
        }
      }
      return repaired;
    }
  },

  /** A NumPy file per table file: {@code arr_0} and {@code sample_index}. */
  NPZ {
    @Override
    String fileName(IndexRange range) {
      return range.fileStem() + ".npz";
    }

    @Override
    int write(IndexRange range, ShardFiles table, HadoopFileStore folder, Configuration conf)
        throws IOException {
      List<Long> indices = new ArrayList<>();
      List<RawImage> images = new ArrayList<>();
      table.rows(
          range,
          (row, image) -> {
            indices.add(row.getLong(SampleTable.INDEX, 0));
            images.add(image);
            return true;
          });
      String name = fileName(range);
      if (!folder.exists(name)
          && folder.createNew(name, out -> NpzFile.write(out, indices, images))) {
        return 0;
      }
      var expected = new DigestOutputStream(OutputStream.nullOutputStream(), Checksum.digest());
      NpzFile.write(expected, indices, images);
      if (Arrays.equals(digest(folder, name), expected.getMessageDigest().digest())) {
        return 0;
      }
      folder.create(name, out -> NpzFile.write(out, indices, images));
      return 1;
    }
  };

  /** Name of what is exported of a range, in the folder of the form. */
  abstract String fileName(IndexRange range);

  abstract int write(
      IndexRange range, ShardFiles table, HadoopFileStore folder, Configuration configuration)
      throws IOException;

  /** The folder within an output folder. */
  String folder() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Exports one file of a table.
   *
   * @return how many files were there, but not as they must be, and have been replaced
   */
  int write(IndexRange range, ShardFiles table, String output, Configuration configuration)
      throws IOException {
    String folder = new Path(output, folder()).toString();
    return write(range, table, new HadoopFileStore(folder, configuration), configuration);
  }

  /** SHA-256 of a file; of nothing, if it cannot be read to its end. */
  private static byte[] digest(HadoopFileStore store, String name) throws IOException {
    try (InputStream file = store.open(name);
        var in = new DigestInputStream(file, Checksum.digest())) {
      in.transferTo(OutputStream.nullOutputStream());
      return in.getMessageDigest().digest();
    } catch (ChecksumException damaged) {
      return new byte[0];
    }
  }
}
