package dev.ddpm.spark.sample;

import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * The schema of a table of samples: one generated image per row, with where it came from.
 *
 * <table>
 *   <caption>Columns</caption>
 *   <tr><td>{@code sample_index}</td><td>long</td><td>0..N−1</td></tr>
 *   <tr><td>{@code seed}</td><td>long</td><td>seed of the noise of all images</td></tr>
 *   <tr><td>{@code image}</td><td>binary</td><td>a PNG file</td></tr>
 *   <tr><td>{@code height}, {@code width}, {@code channels}</td><td>int</td><td></td></tr>
 *   <tr><td>{@code sampler}</td><td>string</td><td>its word in a configuration, such as ddim
 *       </td></tr>
 *   <tr><td>{@code steps}</td><td>int</td><td>timesteps visited</td></tr>
 *   <tr><td>{@code model_hash}</td><td>string</td><td>SHA-256 of the model</td></tr>
 *   <tr><td>{@code label}</td><td>int</td><td>number of its class; this and the next two columns
 *       only where the model knows classes</td></tr>
 *   <tr><td>{@code label_name}</td><td>string</td><td>name of its class</td></tr>
 *   <tr><td>{@code guidance}</td><td>double</td><td>scale of the guidance</td></tr>
 *   <tr><td>{@code x0}</td><td>list of float</td><td>the image before rounding, (height, width,
 *       channel) in row-major order and in the model's data range; only if asked for</td></tr>
 * </table>
 */
final class SampleTable {
  static final String INDEX = "sample_index";
  static final String IMAGE = "image";
  static final String LABEL = "label";
  static final String LABEL_NAME = "label_name";
  static final String GUIDANCE = "guidance";
  static final String X0 = "x0";

  private SampleTable() {}

  /**
   * The columns in their order.
   *
   * @param withClasses whether those of the class are there
   * @param withX0 whether the last of them is there
   */
  static MessageType schema(boolean withClasses, boolean withX0) {
    Types.GroupBuilder<MessageType> columns =
        Types.buildMessage()
            .required(PrimitiveTypeName.INT64)
            .named(INDEX)
            .required(PrimitiveTypeName.INT64)
            .named("seed")
            .required(PrimitiveTypeName.BINARY)
            .named(IMAGE)
            .required(PrimitiveTypeName.INT32)
            .named("height")
            .required(PrimitiveTypeName.INT32)
            .named("width")
            .required(PrimitiveTypeName.INT32)
            .named("channels")
            .required(PrimitiveTypeName.BINARY)
            .as(LogicalTypeAnnotation.stringType())
            .named("sampler")
            .required(PrimitiveTypeName.INT32)
            .named("steps")
            .required(PrimitiveTypeName.BINARY)
            .as(LogicalTypeAnnotation.stringType())
            .named("model_hash");
    if (withClasses) {
      columns
          .required(PrimitiveTypeName.INT32)
          .named(LABEL)
          .required(PrimitiveTypeName.BINARY)
          .as(LogicalTypeAnnotation.stringType())
          .named(LABEL_NAME)
          .required(PrimitiveTypeName.DOUBLE)
          .named(GUIDANCE);
    }
    if (withX0) {
      columns.requiredList().requiredElement(PrimitiveTypeName.FLOAT).named(X0);
    }
    return columns.named("samples");
  }
}
