package dev.ddpm.spark.sample;

import dev.ddpm.image.ImageCodec;
import dev.ddpm.image.RawImage;
import dev.ddpm.spark.io.HadoopFileStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;

/**
 * Other forms of a table's images, made file by file from the table, which stays. What is there
 * already is left as it is.
 */
public enum Export {
  /** A folder of PNG files per table file, named by the sample index. */
  PNG {
    @Override
    String fileName(IndexRange range) {
      return range.fileStem();
    }

    @Override
    void write(IndexRange range, ShardFiles table, Path folder, Configuration configuration)
        throws IOException {
      FileContext files = FileContext.getFileContext(folder.toUri(), configuration);
      Path temporary = new Path(folder, "." + range.fileStem() + "." + UUID.randomUUID());
      HadoopFileStore store = new HadoopFileStore(temporary.toString(), configuration);
      table.rows(
          range,
          (row, image) -> {
            String name =
                String.format(Locale.ROOT, "%012d.png", row.getLong(SampleTable.INDEX, 0));
            byte[] png = ImageCodec.encodePng(image);
            store.create(name, out -> out.write(png));
            return true;
          });
      try {
        files.rename(temporary, new Path(folder, fileName(range)), Rename.NONE);
      } catch (FileAlreadyExistsException otherAttemptWasFaster) {
        files.delete(temporary, true);
      }
    }
  },

  /** A NumPy file per table file: {@code arr_0} and {@code sample_index}. */
  NPZ {
    @Override
    String fileName(IndexRange range) {
      return range.fileStem() + ".npz";
    }

    @Override
    void write(IndexRange range, ShardFiles table, Path folder, Configuration configuration)
        throws IOException {
      new HadoopFileStore(folder.toString(), configuration)
          .createNew(fileName(range), out -> writeArrays(range, table, out));
    }

    private void writeArrays(IndexRange range, ShardFiles table, OutputStream out)
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
      NpzFile.write(out, indices, images);
    }
  };

  abstract String fileName(IndexRange range);

  abstract void write(IndexRange range, ShardFiles table, Path folder, Configuration configuration)
      throws IOException;

  /** The folder within an output folder. */
  String folder() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Exports one file of a table, unless that is done. */
  void write(IndexRange range, ShardFiles table, String output, Configuration configuration)
      throws IOException {
    Path folder =
        FileSystem.get(new Path(output).toUri(), configuration)
            .makeQualified(new Path(output, folder()));
    if (!folder.getFileSystem(configuration).exists(new Path(folder, fileName(range)))) {
      write(range, table, folder, configuration);
    }
  }

  /** The ranges, of those given, that have not been exported. */
  List<IndexRange> missing(List<IndexRange> ranges, Path output, Configuration configuration)
      throws IOException {
    Set<String> there = new TreeSet<>();
    try {
      Path folder = new Path(output, folder());
      for (FileStatus status : folder.getFileSystem(configuration).listStatus(folder)) {
        there.add(status.getPath().getName());
      }
    } catch (FileNotFoundException none) {
      return ranges;
    }
    return ranges.stream().filter(range -> !there.contains(fileName(range))).toList();
  }
}
