package dev.ddpm.spark.ingest;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/**
 * Looks through a folder of a file system that all machines reach. Each answer of a name node or an
 * object store tells of a thousand files at most, so that a million take minutes one answer after
 * the other: once there are folders enough for all slots, tasks look through them.
 */
final class RemoteFolder {
  private static final int FOLDERS_PER_SLOT = 4;

  private final SparkSession spark;
  private final InputFiles files;
  private final String root;

  /**
   * Nothing is looked at yet.
   *
   * @param root full path, with a slash at its end
   */
  RemoteFolder(SparkSession spark, InputFiles files, String root) {
    this.spark = spark;
    this.files = files;
    this.root = root;
  }

  /** Visits all files, in no order. */
  void visit(Consumer<FolderFile> visitor) throws IOException {
    long enough = (long) FOLDERS_PER_SLOT * spark.sparkContext().defaultParallelism();
    Deque<String> folders = new ArrayDeque<>(List.of(root));
    for (long listed = 0;
        !folders.isEmpty() && folders.size() < enough && listed < enough;
        listed++) {
      Path folder = new Path(folders.remove());
      for (FileStatus status : files.fileSystem(folder).listStatus(folder)) {
        if (status.isDirectory()) {
          folders.add(status.getPath().toString());
        } else {
          visitor.accept(new FolderFile(relative(status.getPath().toString()), status.getLen()));
        }
      }
    }
    if (!folders.isEmpty()) {
      InputFiles access = files;
      JavaSparkContext.fromSparkContext(spark.sparkContext())
          .parallelize(List.copyOf(folders), folders.size())
          .flatMap(folder -> allFiles(access, folder))
          .collect()
          .forEach(file -> visitor.accept(new FolderFile(relative(file._1()), file._2())));
    }
  }

  /** Pairs, and no records: Kryo 4 cannot write one. */
  private static Iterator<Tuple2<String, Long>> allFiles(InputFiles files, String folder)
      throws IOException {
    Path path = new Path(folder);
    List<Tuple2<String, Long>> found = new ArrayList<>();
    RemoteIterator<LocatedFileStatus> all = files.fileSystem(path).listFiles(path, true);
    while (all.hasNext()) {
      LocatedFileStatus file = all.next();
      found.add(new Tuple2<>(file.getPath().toString(), file.getLen()));
    }
    return found.iterator();
  }

  /** A path below the root as seen from there. */
  private String relative(String path) {
    if (!path.startsWith(root)) {
      throw new IllegalStateException(path + " was found below " + root);
    }
    return path.substring(root.length());
  }
}
