package dev.ddpm.spark.interpolate;

import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * The schema of a table of interpolations: one image per pair and λ.
 *
 * <table>
 *   <caption>Columns</caption>
 *   <tr><td>{@code pair}</td><td>int</td><td>0, 1, … in the order of the command</td></tr>
 *   <tr><td>{@code first_id}, {@code other_id}</td><td>long</td><td>the images in the image table
 *       </td></tr>
 *   <tr><td>{@code lambda}</td><td>double</td><td>share of the other image, 0..1</td></tr>
 *   <tr><td>{@code method}</td><td>string</td><td>same-noise or inversion</td></tr>
 *   <tr><td>{@code timestep}</td><td>int</td><td>to which both images were taken</td></tr>
 *   <tr><td>{@code image}</td><td>binary</td><td>a PNG file</td></tr>
 *   <tr><td>{@code height}, {@code width}, {@code channels}</td><td>int</td><td></td></tr>
 *   <tr><td>{@code seed}</td><td>long</td><td>seed of the noise</td></tr>
 *   <tr><td>{@code sampler}</td><td>string</td><td>its word in a configuration, such as ddim
 *       </td></tr>
 *   <tr><td>{@code steps}</td><td>int</td><td>timesteps of a whole reverse process</td></tr>
 *   <tr><td>{@code model_hash}</td><td>string</td><td>SHA-256 of the model</td></tr>
 *   <tr><td>{@code label}</td><td>int</td><td>number of the class that it was asked for in, the one
 *       after the last for none; this and the next two columns only where the model knows classes
 *       </td></tr>
 *   <tr><td>{@code label_name}</td><td>string</td><td>name of that class, or none</td></tr>
 *   <tr><td>{@code guidance}</td><td>double</td><td>scale of the guidance</td></tr>
 * </table>
 */
final class InterpolationTable {
  static final String IMAGE = "image";

  private InterpolationTable() {}

  /**
   * The columns in their order.
   *
   * @param withClasses whether those of the class are there
   */
  static MessageType schema(boolean withClasses) {
    Types.GroupBuilder<MessageType> columns =
        Types.buildMessage()
            .required(PrimitiveTypeName.INT32)
            .named("pair")
            .required(PrimitiveTypeName.INT64)
            .named("first_id")
            .required(PrimitiveTypeName.INT64)
            .named("other_id")
            .required(PrimitiveTypeName.DOUBLE)
            .named("lambda")
            .required(PrimitiveTypeName.BINARY)
            .as(LogicalTypeAnnotation.stringType())
            .named("method")
            .required(PrimitiveTypeName.INT32)
            .named("timestep")
            .required(PrimitiveTypeName.BINARY)
            .named(IMAGE)
            .required(PrimitiveTypeName.INT32)
            .named("height")
            .required(PrimitiveTypeName.INT32)
            .named("width")
            .required(PrimitiveTypeName.INT32)
            .named("channels")
            .required(PrimitiveTypeName.INT64)
            .named("seed")
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
          .named("label")
          .required(PrimitiveTypeName.BINARY)
          .as(LogicalTypeAnnotation.stringType())
          .named("label_name")
          .required(PrimitiveTypeName.DOUBLE)
          .named("guidance");
    }
    return columns.named("interpolations");
  }
}
