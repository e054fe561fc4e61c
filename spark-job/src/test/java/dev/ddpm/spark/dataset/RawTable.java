package dev.ddpm.spark.dataset;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;

/** Image tables that tests make up: raw grey images without labels, with ids in their order. */
public final class RawTable {
  private RawTable() {}

  /** The rows of a table, to be written. */
  public static Dataset<Row> of(SparkSession spark, int height, int width, List<byte[]> images) {
    return of(spark, height, width, images, Collections.nCopies(images.size(), null));
  }

  /** The same with labels, some of which may be null. */
  public static Dataset<Row> of(
      SparkSession spark, int height, int width, List<byte[]> images, List<Integer> labels) {
    List<Row> rows = new ArrayList<>();
    for (int id = 0; id < images.size(); id++) {
      rows.add(
          RowFactory.create((long) id, images.get(id), height, width, 1, labels.get(id), "test"));
    }
    return spark.createDataFrame(rows, ImageTable.schema());
  }
}
