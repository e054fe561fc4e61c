package dev.ddpm.backend.cuda;

import dev.ddpm.backend.ProductShape;

/**
 * A card, or what stands in for one in tests: memory by address, and work that is done in the order
 * in which it was handed over. Addresses are bytes: parts of an allocation are reached by adding to
 * its address. One thread at a time.
 */
public interface Device extends AutoCloseable {

  /** Name, memory, and the versions of driver and libraries, for the start report. */
  String describe();

  /** What its maker calls it. */
  String name();

  /**
   * A card's memory in bytes.
   *
   * @param free what nobody has taken yet
   */
  record Memory(long free, long all) {}

  /** The memory as it is now. */
  Memory memory();

  /** New memory of zeros, aligned to 256 bytes. */
  long allocate(long bytes);

  /** Gives memory back. */
  void free(long address);

  /** Copies values to the card; waits until they are there. */
  void upload(float[] values, int from, int count, long address);

  /** Copies keys to the card; waits until they are there. */
  void upload(long[] values, long address);

  /** Copies numbers of rows and the like to the card; waits until they are there. */
  void upload(int[] values, long address);

  /** Copies levels of images to the card; waits until they are there. */
  void upload(byte[] values, int count, long address);

  /** Copies values from the card, after all work that was handed over before. */
  void download(long address, float[] values, int to, int count);

  /** Copies float64 values from the card, after all work that was handed over before. */
  void download(long address, double[] values);

  /** Copies memory on the card. */
  void copy(long from, long to, long bytes);

  /** Sets memory to zero. */
  void clear(long address, long bytes);

  /**
   * Starts a kernel.
   *
   * @param kernel its name in {@code kernels.cu}
   * @param blocksX blocks of the grid
   * @param blocksY blocks of the grid in its second dimension
   * @param threads of a block
   * @param sharedBytes dynamic shared memory of a block
   * @param arguments as the kernel declares them: {@code Long} for an address or a 64-bit number,
   *     {@code Integer}, {@code Float} or {@code Double}
   */
  void launch(
      String kernel, int blocksX, int blocksY, int threads, int sharedBytes, Object... arguments);

  /** What the factors of a product or convolution are. Results and sums are always float32. */
  enum Factors {
    /** float32 tensors, multiplied as such. */
    FLOAT32,
    /** float32 tensors, rounded to 10 bits of significand as they are multiplied. */
    TF32,
    /** bfloat16 tensors, which the caller has rounded. */
    BFLOAT16
  }

  /** A product of row-major matrices or stacks of them, whose result is float32. */
  Product product(ProductShape shape, Factors factors);

  /** See {@link Device#product}. */
  interface Product {
    /** c = α · op(a) · op(b) + β · c. */
    void run(long a, long b, long c);
  }

  /**
   * A convolution of images (batch, height, width, in) with weights (out, size, size, in), without
   * a bias, whose results are float32.
   *
   * @param padding rows and columns of zeros on every side
   */
  record ConvolutionSizes(
      int batch, int height, int width, int in, int out, int size, int stride, int padding) {

    /** Height of the result. */
    public int outHeight() {
      return (height + 2 * padding - size) / stride + 1;
    }

    /** Width of the result. */
    public int outWidth() {
      return (width + 2 * padding - size) / stride + 1;
    }
  }

  /** The fastest deterministic way to compute a convolution, by a fixed rule. */
  Convolution convolution(ConvolutionSizes sizes, Factors factors);

  /** See {@link Device#convolution}. */
  interface Convolution {
    /** y = x ∗ weight. */
    void forward(long x, long weight, long y);

    /** dx, overwritten. */
    void inputGradient(long weight, long dy, long dx);

    /** The gradient of the weights, overwritten. */
    void weightGradient(long x, long dy, long weightGradient);
  }

  /**
   * Records work instead of doing it, to be done again and again as a whole. What is recorded must
   * not copy between the card and this process or allocate.
   */
  Recording record(Runnable work);

  /** See {@link Device#record}. */
  interface Recording extends AutoCloseable {
    /** Does the recorded work. */
    void replay();

    @Override
    void close();
  }

  /** Waits until all work is done. */
  void synchronize();

  @Override
  void close();
}
