package dev.ddpm.spark.train.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.spark.cluster.WireFloats;
import dev.ddpm.spark.cluster.WireFormat;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.util.List;
import org.apache.spark.serializer.DeserializationStream;
import org.apache.spark.serializer.SerializationStream;
import org.apache.spark.serializer.SerializerInstance;
import org.junit.jupiter.api.Test;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.reflect.ClassTag;

class ContributionSerializerTest {
  private static final ClassTag<BlockMean.Key> KEY = ClassTag.apply(BlockMean.Key.class);
  private static final ClassTag<BlockMean.Contribution> VALUE =
      ClassTag.apply(BlockMean.Contribution.class);

  private final SerializerInstance serializer = new ContributionSerializer().newInstance();

  private static BlockMean.Contribution contribution(int length, WorkerStats... stats) {
    return contribution(length, WireFormat.FLOAT32, stats);
  }

  private static BlockMean.Contribution contribution(
      int length, WireFormat wire, WorkerStats... stats) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) Math.sin(i);
    }
    return new BlockMean.Contribution(512, new WireFloats(values, wire), List.of(stats));
  }

  private byte[] write(BlockMean.Contribution... contributions) {
    var bytes = new ByteArrayOutputStream();
    SerializationStream out = serializer.serializeStream(bytes);
    for (int block = 0; block < contributions.length; block++) {
      out.writeKey(new BlockMean.Key(block, 3), KEY);
      out.writeValue(contributions[block], VALUE);
    }
    out.close();
    return bytes.toByteArray();
  }

  /** Counts the calls that would be system calls on a file. */
  private static final class CountedReads extends FilterInputStream {
    private int calls;

    CountedReads(byte[] bytes) {
      super(new ByteArrayInputStream(bytes));
    }

    @Override
    public int read() throws IOException {
      calls++;
      return super.read();
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      calls++;
      return super.read(target, offset, length);
    }
  }

  @Test
  void recordsComeBackUntilTheEndOfTheFile() {
    WorkerStats stats = new WorkerStats(3, 500, 12, 16, 0.25, false, 7, 8, 9);
    byte[] bytes = write(contribution(100_000, stats), contribution(0));

    Iterator<Tuple2<Object, Object>> records =
        serializer.deserializeStream(new ByteArrayInputStream(bytes)).asKeyValueIterator();

    Tuple2<Object, Object> first = records.next();
    assertThat(first._1()).isEqualTo(new BlockMean.Key(0, 3));
    var read = (BlockMean.Contribution) first._2();
    assertThat(read.weight()).isEqualTo(512);
    assertThat(read.values().values()).isEqualTo(contribution(100_000).values().values());
    assertThat(read.stats()).containsExactly(stats);
    Tuple2<Object, Object> second = records.next();
    assertThat(second._1()).isEqualTo(new BlockMean.Key(1, 3));
    assertThat(((BlockMean.Contribution) second._2()).values().values()).isEmpty();
    assertThat(records.hasNext()).isFalse();
  }

  @Test
  void bfloat16TakesHalfTheBytes() {
    int length = 100_000;
    byte[] exact = write(contribution(length));
    byte[] half = write(contribution(length, WireFormat.BFLOAT16));

    assertThat(exact.length - half.length).isEqualTo(2 * length);
  }

  @Test
  void aBlockTakesFewReads() {
    var in = new CountedReads(write(contribution(BlockMean.BLOCK)));

    DeserializationStream stream = serializer.deserializeStream(in);
    stream.readKey(KEY);
    stream.readValue(VALUE);

    assertThat(in.calls).isLessThan(15);
  }

  @Test
  void aFileThatEndsWithinARecordIsAnError() {
    byte[] bytes = write(contribution(1000));
    var half = new ByteArrayInputStream(bytes, 0, bytes.length / 2);

    DeserializationStream stream = serializer.deserializeStream(half);
    stream.readKey(KEY);
    assertThatThrownBy(() -> stream.readValue(VALUE)).isInstanceOf(EOFException.class);
  }
}
