package dev.ddpm.backend.cuda;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import dev.ddpm.backend.ProductShape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A card that this processor emulates: its kernels are those of {@code kernels.cu}, its products
 * and convolutions plain loops with float64 sums. What a card may leave unnoticed fails here:
 * threads that do not meet at a barrier, arguments of other types than a kernel declares, addresses
 * outside of what was allocated, writes past its end, copies or allocations while work is recorded,
 * and use after it was closed.
 */
final class EmulatedDevice implements Device {
  /** Of a convolution: forward, and the gradients of its input and its weights. */
  private static final int PASSES = 3;

  private final EmulatedKernels library = EmulatedKernels.library();
  private final Set<Long> allocated = new HashSet<>();
  private final Consumer<String> launched;

  /** Work that is being recorded; null if it is done at once. */
  private List<Runnable> recording;

  private boolean backwards;
  private boolean narrowResults;
  private boolean closed;

  EmulatedDevice() {
    this(kernel -> {});
  }

  /** A device that tells the names of the kernels that are started. */
  EmulatedDevice(Consumer<String> launched) {
    this.launched = launched;
  }

  /**
   * A device whose threads and blocks run in the reverse order: the same results, unless a barrier
   * is missing.
   */
  static EmulatedDevice backwards() {
    EmulatedDevice device = new EmulatedDevice();
    device.backwards = true;
    return device;
  }

  /** A device whose convolutions of bfloat16 have results of bfloat16, which are then widened. */
  static EmulatedDevice narrow() {
    EmulatedDevice device = new EmulatedDevice();
    device.narrowResults = true;
    return device;
  }

  /** How many allocations were not given back. */
  int live() {
    return allocated.size();
  }

  private static void check(String failure) {
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("The device was closed");
    }
  }

  private void requireNoRecording() {
    requireOpen();
    if (recording != null) {
      throw new IllegalStateException("Neither copied to a host nor allocated while recording");
    }
  }

  private void submit(Runnable work) {
    requireOpen();
    if (recording != null) {
      recording.add(work);
    } else {
      work.run();
    }
  }

  /** The memory at an address, of which so many bytes are used. */
  private Pointer memory(long address, long bytes, int alignment) {
    check(library.deviceRequire(address, bytes, alignment));
    return new Pointer(address);
  }

  @Override
  public String describe() {
    return "a card that is emulated";
  }

  @Override
  public String name() {
    return "emulated card";
  }

  /** As much as the tests need. */
  @Override
  public Memory memory() {
    return new Memory(8L << 30, 16L << 30);
  }

  @Override
  public long allocate(long bytes) {
    requireNoRecording();
    LongByReference address = new LongByReference();
    check(library.deviceAllocate(bytes, address));
    allocated.add(address.getValue());
    return address.getValue();
  }

  @Override
  public void free(long address) {
    requireNoRecording();
    check(library.deviceFree(address));
    allocated.remove(address);
  }

  @Override
  public void upload(float[] values, int from, int count, long address) {
    requireNoRecording();
    memory(address, (long) count * Float.BYTES, Float.BYTES).write(0, values, from, count);
  }

  @Override
  public void upload(long[] values, long address) {
    requireNoRecording();
    memory(address, (long) values.length * Long.BYTES, Long.BYTES)
        .write(0, values, 0, values.length);
  }

  @Override
  public void upload(int[] values, long address) {
    requireNoRecording();
    memory(address, (long) values.length * Integer.BYTES, Integer.BYTES)
        .write(0, values, 0, values.length);
  }

  @Override
  public void upload(byte[] values, int count, long address) {
    requireNoRecording();
    memory(address, count, 1).write(0, values, 0, count);
  }

  @Override
  public void download(long address, float[] values, int to, int count) {
    requireNoRecording();
    memory(address, (long) count * Float.BYTES, Float.BYTES).read(0, values, to, count);
  }

  @Override
  public void download(long address, double[] values) {
    requireNoRecording();
    memory(address, (long) values.length * Double.BYTES, Double.BYTES)
        .read(0, values, 0, values.length);
  }

  /** 16-bit values, such as bfloat16, at an address. */
  short[] shorts(long address, int count) {
    return memory(address, (long) count * Short.BYTES, Short.BYTES).getShortArray(0, count);
  }

  @Override
  public void copy(long from, long to, long bytes) {
    submit(
        () -> {
          byte[] values = memory(from, bytes, Float.BYTES).getByteArray(0, (int) bytes);
          memory(to, bytes, Float.BYTES).write(0, values, 0, values.length);
        });
  }

  @Override
  public void clear(long address, long bytes) {
    submit(() -> memory(address, bytes, Float.BYTES).clear(bytes));
  }

  @Override
  public void launch(
      String kernel, int blocksX, int blocksY, int threads, int sharedBytes, Object... arguments) {
    if (sharedBytes != 0) {
      throw new IllegalArgumentException(kernel + ": no kernel has dynamic shared memory");
    }
    launched.accept(kernel);
    StringBuilder kinds = new StringBuilder();
    long[] bits = new long[arguments.length];
    for (int i = 0; i < bits.length; i++) {
      kinds.append(arguments[i].getClass().getSimpleName().charAt(0));
      bits[i] = bits(arguments[i]);
    }
    submit(
        () -> {
          library.deviceRunBackwards(backwards ? 1 : 0);
          check(library.deviceLaunch(kernel, blocksX, blocksY, threads, kinds.toString(), bits));
        });
  }

  private static long bits(Object argument) {
    if (argument instanceof Float value) {
      return Integer.toUnsignedLong(Float.floatToRawIntBits(value));
    }
    if (argument instanceof Double value) {
      return Double.doubleToRawLongBits(value);
    }
    if (argument instanceof Integer value) {
      return Integer.toUnsignedLong(value);
    }
    return (Long) argument;
  }

  /** What device_on_cpu.h calls factors. */
  private static int number(Factors factors) {
    return switch (factors) {
      case FLOAT32 -> 0;
      case TF32 -> 1;
      case BFLOAT16 -> 2;
    };
  }

  @Override
  public Product product(ProductShape shape, Factors factors) {
    requireNoRecording();
    return (a, b, c) ->
        submit(
            () ->
                check(
                    library.deviceProduct(
                        Math.max(1, shape.stack()),
                        shape.rows(),
                        shape.inner(),
                        shape.columns(),
                        shape.transposeA() ? 1 : 0,
                        shape.transposeB() ? 1 : 0,
                        shape.alpha(),
                        shape.accumulate() ? 1 : 0,
                        number(factors),
                        a,
                        b,
                        c)));
  }

  @Override
  public Convolution convolution(ConvolutionSizes sizes, Factors factors) {
    requireNoRecording();
    return new Convolution() {
      private final long[] wide = new long[PASSES];
      private final long[] narrow = new long[PASSES];

      @Override
      public void forward(long x, long weight, long y) {
        run(0, x, weight, y);
      }

      @Override
      public void inputGradient(long weight, long dy, long dx) {
        run(1, dx, weight, dy);
      }

      @Override
      public void weightGradient(long x, long dy, long weightGradient) {
        run(2, x, weightGradient, dy);
      }

      private void run(int pass, long x, long weight, long y) {
        if (narrowResults && factors == Factors.BFLOAT16) {
          runNarrow(pass, x, weight, y);
        } else {
          compute(pass, x, weight, y);
        }
      }

      /**
       * The result in bfloat16 first, in memory of its own, and from there to where it goes; not
       * recorded before it was done once.
       */
      private void runNarrow(int pass, long x, long weight, long y) {
        int taps = sizes.size() * sizes.size();
        int count =
            switch (pass) {
              case 0 -> sizes.batch() * sizes.outHeight() * sizes.outWidth() * sizes.out();
              case 1 -> sizes.batch() * sizes.height() * sizes.width() * sizes.in();
              default -> sizes.out() * taps * sizes.in();
            };
        if (wide[pass] == 0) {
          wide[pass] = allocate((long) count * Float.BYTES);
          narrow[pass] = allocate((long) count * Short.BYTES);
        }
        compute(
            pass,
            pass == 1 ? wide[pass] : x,
            pass == 2 ? wide[pass] : weight,
            pass == 0 ? wide[pass] : y);
        Launches.run(
            EmulatedDevice.this, "roundToBfloat16", count, wide[pass], narrow[pass], count);
        long result = pass == 0 ? y : pass == 1 ? x : weight;
        Widening.run(EmulatedDevice.this::launch, narrow[pass], result, count);
      }

      private void compute(int pass, long x, long weight, long y) {
        submit(
            () ->
                check(
                    library.deviceConvolution(
                        sizes.batch(),
                        sizes.height(),
                        sizes.width(),
                        sizes.in(),
                        sizes.out(),
                        sizes.size(),
                        sizes.stride(),
                        sizes.padding(),
                        number(factors),
                        pass,
                        x,
                        weight,
                        y)));
      }
    };
  }

  @Override
  public Recording record(Runnable work) {
    requireNoRecording();
    List<Runnable> recorded = new ArrayList<>();
    recording = recorded;
    try {
      work.run();
    } finally {
      recording = null;
    }
    return new Recording() {
      @Override
      public void replay() {
        requireOpen();
        recorded.forEach(EmulatedDevice.this::submit);
      }

      @Override
      public void close() {
        recorded.clear();
      }
    };
  }

  @Override
  public void synchronize() {
    check(library.deviceCheck());
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    check(library.deviceCheck());
    for (long address : List.copyOf(allocated)) {
      free(address);
    }
    closed = true;
  }
}
