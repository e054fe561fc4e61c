package dev.ddpm.spark.train.round;

import dev.ddpm.spark.cluster.WireFloats;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.serializer.DeserializationStream;
import org.apache.spark.serializer.SerializationStream;
import org.apache.spark.serializer.Serializer;
import org.apache.spark.serializer.SerializerInstance;
import org.apache.spark.unsafe.Platform;
import scala.reflect.ClassTag;

/**
 * Writes {@link BlockMean}'s records to shuffle files and reads them. Java's object streams hand on
 * a kilobyte at a time, and Spark reads its files without a buffer: system calls took most of the
 * time of averaging.
 */
final class ContributionSerializer extends Serializer implements Serializable {
  private static final long serialVersionUID = 1L;

  @Override
  public SerializerInstance newInstance() {
    return new Instance();
  }

  private static final class Instance extends SerializerInstance {
    @Override
    public SerializationStream serializeStream(OutputStream out) {
      return new Writer(new DataOutputStream(out));
    }

    @Override
    public DeserializationStream deserializeStream(InputStream in) {
      return new Reader(new DataInputStream(new BufferedInputStream(in)));
    }

    @Override
    public <T> ByteBuffer serialize(T value, ClassTag<T> type) {
      throw onlyStreams();
    }

    @Override
    public <T> T deserialize(ByteBuffer bytes, ClassTag<T> type) {
      throw onlyStreams();
    }

    @Override
    public <T> T deserialize(ByteBuffer bytes, ClassLoader loader, ClassTag<T> type) {
      throw onlyStreams();
    }

    private static UnsupportedOperationException onlyStreams() {
      return new UnsupportedOperationException("This serialiser is for shuffle files only.");
    }
  }

  private static final class Writer extends SerializationStream {
    private final DataOutputStream out;

    Writer(DataOutputStream out) {
      this.out = out;
    }

    @Override
    public <T> SerializationStream writeObject(T keyOrValue, ClassTag<T> type) {
      return run(
          () -> {
            if (keyOrValue instanceof BlockMean.Key key) {
              out.writeInt(key.block());
              out.writeInt(key.worker());
            } else {
              write((BlockMean.Contribution) keyOrValue);
            }
            return this;
          });
    }

    private void write(BlockMean.Contribution contribution) throws IOException {
      out.writeLong(contribution.weight());
      contribution.values().writeTo(out);
      out.writeInt(contribution.stats().size());
      for (WorkerStats stats : contribution.stats()) {
        stats.writeTo(out);
      }
    }

    @Override
    public void flush() {
      run(
          () -> {
            out.flush();
            return null;
          });
    }

    @Override
    public void close() {
      run(
          () -> {
            out.close();
            return null;
          });
    }
  }

  /** Spark asks for a key, then for a value; an end of file in place of a key is the end. */
  private static final class Reader extends DeserializationStream {
    private final DataInputStream in;

    Reader(DataInputStream in) {
      this.in = in;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> T readKey(ClassTag<T> type) {
      return run(() -> (T) new BlockMean.Key(in.readInt(), in.readInt()));
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> T readValue(ClassTag<T> type) {
      return run(() -> (T) contribution());
    }

    private BlockMean.Contribution contribution() throws IOException {
      long weight = in.readLong();
      WireFloats values = WireFloats.readFrom(in);
      List<WorkerStats> stats = new ArrayList<>();
      for (int left = in.readInt(); left > 0; left--) {
        stats.add(WorkerStats.readFrom(in));
      }
      return new BlockMean.Contribution(weight, values, List.copyOf(stats));
    }

    @Override
    public <T> T readObject(ClassTag<T> type) {
      throw new UnsupportedOperationException("Shuffle files are read as keys and values.");
    }

    @Override
    public void close() {
      run(
          () -> {
            in.close();
            return null;
          });
    }
  }

  private interface Action<T> {
    T run() throws IOException;
  }

  /** Scala's methods declare no exceptions, yet Spark waits for those of streams. */
  private static <T> T run(Action<T> action) {
    try {
      return action.run();
    } catch (IOException e) {
      Platform.throwException(e);
      throw new AssertionError(e);
    }
  }
}
