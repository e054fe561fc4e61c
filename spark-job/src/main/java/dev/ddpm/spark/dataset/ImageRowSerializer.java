package dev.ddpm.spark.dataset;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;

/** Writes {@link ImageRow} where Spark serialises by Kryo, whose version 4 knows no records. */
public final class ImageRowSerializer extends Serializer<ImageRow> {

  @Override
  public void write(Kryo kryo, Output output, ImageRow row) {
    output.writeLong(row.id());
    output.writeInt(row.pixels().length, true);
    output.writeBytes(row.pixels());
    output.writeBoolean(row.label() != null);
    if (row.label() != null) {
      output.writeInt(row.label());
    }
  }

  @Override
  public ImageRow read(Kryo kryo, Input input, Class<ImageRow> type) {
    long id = input.readLong();
    byte[] pixels = input.readBytes(input.readInt(true));
    return new ImageRow(id, pixels, input.readBoolean() ? Integer.valueOf(input.readInt()) : null);
  }
}
