package dev.ddpm.spark.sample;

import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * The schema of a table of trajectories: what the model saw behind the noise on the way to an
 * image, one row per image and kept step.
 *
 * <table>
 *   <caption>Columns</caption>
 *   <tr><td>{@code sample_index}</td><td>long</td><td>the image</td></tr>
 *   <tr><td>{@code frame}</td><td>int</td><td>0..k−1, from noise to image</td></tr>
 *   <tr><td>{@code timestep}</td><td>int</td><td>the model's number of the step</td></tr>
 *   <tr><td>{@code image}</td><td>binary</td><td>the predicted x̂0, a PNG file</td></tr>
 *   <tr><td>{@code height}, {@code width}, {@code channels}</td><td>int</td><td></td></tr>
 * </table>
 */
final class TrajectoryTable {
  static final String FRAME = "frame";

  private TrajectoryTable() {}

  /** The columns in their order. */
  static MessageType schema() {
    return Types.buildMessage()
        .required(PrimitiveTypeName.INT64)
        .named(SampleTable.INDEX)
        .required(PrimitiveTypeName.INT32)
        .named(FRAME)
        .required(PrimitiveTypeName.INT32)
        .named("timestep")
        .required(PrimitiveTypeName.BINARY)
        .named(SampleTable.IMAGE)
        .required(PrimitiveTypeName.INT32)
        .named("height")
        .required(PrimitiveTypeName.INT32)
        .named("width")
        .required(PrimitiveTypeName.INT32)
        .named("channels")
        .named("trajectories");
  }
}
