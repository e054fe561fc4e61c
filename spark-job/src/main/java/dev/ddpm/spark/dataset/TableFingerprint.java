package dev.ddpm.spark.dataset;

import dev.ddpm.checkpoint.Checksum;
import dev.ddpm.checkpoint.SetDigest;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The identity of a table's images: a {@link SetDigest} whose members are the rows, each the id (8
 * bytes, the highest first) followed by the bytes of the image as they are stored. It depends
 * neither on the order of the rows nor on how they are cut into files, and not on labels and
 * sources. The identity of the labels is likewise one of the ids of rows that have one, each
 * followed by the label (4 bytes).
 */
public final class TableFingerprint {
  private TableFingerprint() {}

  /** That of the table in a folder, which need not have a description yet. */
  public static String of(SparkSession spark, String folder) {
    return of(spark.read().parquet(LiteralPath.of(folder)));
  }

  /**
   * Computes it in one pass over the cluster.
   *
   * @param table with the columns of {@link ImageTable}
   * @return 64 hexadecimal digits
   */
  static String of(Dataset<Row> table) {
    var whole = new SetDigest();
    table
        .select(ImageTable.ID, ImageTable.IMAGE)
        .toJavaRDD()
        .mapPartitions(TableFingerprint::ofRows)
        .collect()
        .forEach(whole::add);
    return whole.hex();
  }

  /** The identity of the labels of such a table. */
  static String ofLabels(Dataset<Row> table) {
    var whole = new SetDigest();
    table
        .select(ImageTable.ID, ImageTable.LABEL)
        .na()
        .drop()
        .toJavaRDD()
        .mapPartitions(TableFingerprint::ofLabelledRows)
        .collect()
        .forEach(whole::add);
    return whole.hex();
  }

  private static Iterator<byte[]> ofLabelledRows(Iterator<Row> rows) {
    ByteBuffer member = ByteBuffer.allocate(Long.BYTES + Integer.BYTES);
    var part = new SetDigest();
    while (rows.hasNext()) {
      Row row = rows.next();
      member.putLong(0, row.getLong(0)).putInt(Long.BYTES, row.getInt(1));
      part.add(Checksum.digest().digest(member.array()));
    }
    return List.of(part.bytes()).iterator();
  }

  private static Iterator<byte[]> ofRows(Iterator<Row> rows) {
    MessageDigest digest = Checksum.digest();
    ByteBuffer id = ByteBuffer.allocate(Long.BYTES);
    var part = new SetDigest();
    while (rows.hasNext()) {
      Row row = rows.next();
      digest.update(id.putLong(0, row.getLong(0)).array());
      // Training decides what becomes of a row without an image.
      digest.update(row.isNullAt(1) ? new byte[0] : row.<byte[]>getAs(1));
      part.add(digest.digest());
    }
    return List.of(part.bytes()).iterator();
  }
}
