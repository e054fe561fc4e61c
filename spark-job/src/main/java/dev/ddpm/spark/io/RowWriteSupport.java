package dev.ddpm.spark.io;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;

/** Teaches Parquet to write rows given as one value per column. */
final class RowWriteSupport extends WriteSupport<List<Object>> {
  private final MessageType schema;
  private final Supplier<Map<String, String>> footer;
  private RecordConsumer consumer;

  /**
   * A writer of rows.
   *
   * @param footer gives the metadata of the file, asked when all rows are written
   */
  RowWriteSupport(MessageType schema, Supplier<Map<String, String>> footer) {
    this.schema = schema;
    this.footer = footer;
  }

  @Override
  public WriteContext init(Configuration configuration) {
    return new WriteContext(schema, Map.of());
  }

  @Override
  public void prepareForWrite(RecordConsumer recordConsumer) {
    consumer = recordConsumer;
  }

  @Override
  public void write(List<Object> row) {
    consumer.startMessage();
    for (int column = 0; column < row.size(); column++) {
      String name = schema.getFieldName(column);
      consumer.startField(name, column);
      if (row.get(column) instanceof float[] values) {
        writeList(schema.getType(column).asGroupType(), values);
      } else {
        writeValue(row.get(column));
      }
      consumer.endField(name, column);
    }
    consumer.endMessage();
  }

  private void writeValue(Object value) {
    if (value instanceof Long number) {
      consumer.addLong(number);
    } else if (value instanceof Integer number) {
      consumer.addInteger(number);
    } else if (value instanceof Double number) {
      consumer.addDouble(number);
    } else if (value instanceof String text) {
      consumer.addBinary(Binary.fromString(text));
    } else if (value instanceof byte[] bytes) {
      consumer.addBinary(Binary.fromConstantByteArray(bytes));
    } else {
      throw new IllegalArgumentException("no column holds a " + value.getClass());
    }
  }

  /** The three levels of a Parquet list: the list, its repetition, the element. */
  private void writeList(GroupType list, float[] values) {
    String repetition = list.getFieldName(0);
    String element = list.getType(0).asGroupType().getFieldName(0);
    consumer.startGroup();
    if (values.length > 0) {
      consumer.startField(repetition, 0);
      for (float value : values) {
        consumer.startGroup();
        consumer.startField(element, 0);
        consumer.addFloat(value);
        consumer.endField(element, 0);
        consumer.endGroup();
      }
      consumer.endField(repetition, 0);
    }
    consumer.endGroup();
  }

  @Override
  public FinalizedWriteContext finalizeWrite() {
    return new FinalizedWriteContext(footer.get());
  }
}
