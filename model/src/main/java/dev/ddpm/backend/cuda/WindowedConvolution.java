package dev.ddpm.backend.cuda;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.ProductShape;
import java.util.function.LongUnaryOperator;

/**
 * A convolution as a product of matrices: the windows of its images, one per row, with its weights.
 * It takes memory for all windows and gives the same bits every time, for sizes of which a card's
 * library has no convolution that does.
 */
public final class WindowedConvolution implements Device.Convolution {
  /** As much as cuDNN's convolutions may take for themselves. */
  private static final long MOST_BYTES = 1L << 30;

  /** To which arrays are aligned, in values. */
  private static final int ALIGNMENT = 64;

  private final Device device;
  private final Device.ConvolutionSizes sizes;
  private final boolean rounded;
  private final LongUnaryOperator memory;
  private final int images;
  private final int weights;
  private final int results;
  private final int windows;
  private final Device.Product forward;
  private final Device.Product toWindows;
  private final Device.Product toWeights;

  /**
   * A convolution of given sizes.
   *
   * @param memory gives the address of so many bytes that last until other work is handed over; it
   *     is asked in every call, always for the same number
   * @throws DdpmException (environment) if its windows take more than 1 GiB
   */
  public WindowedConvolution(
      Device device,
      Device.ConvolutionSizes sizes,
      Device.Factors factors,
      LongUnaryOperator memory) {
    this.device = device;
    this.sizes = sizes;
    this.rounded = factors == Device.Factors.BFLOAT16;
    this.memory = memory;
    int pixels = sizes.batch() * sizes.outHeight() * sizes.outWidth();
    int taps = sizes.size() * sizes.size() * sizes.in();
    this.windows = bounded((long) pixels * taps, sizes);
    this.images = sizes.batch() * sizes.height() * sizes.width() * sizes.in();
    this.weights = sizes.out() * taps;
    this.results = pixels * sizes.out();
    // widened factors have no more bits than TF32
    Device.Factors wide = rounded ? Device.Factors.TF32 : factors;
    this.forward =
        device.product(ProductShape.of(pixels, taps, sizes.out()).transposeSecond(), wide);
    this.toWindows = device.product(ProductShape.of(pixels, sizes.out(), taps), wide);
    this.toWeights =
        device.product(ProductShape.of(sizes.out(), pixels, taps).transposeFirst(), wide);
  }

  private static int bounded(long windows, Device.ConvolutionSizes sizes) {
    if (windows * Float.BYTES > MOST_BYTES) {
      throw DdpmException.environment(
          "cuDNN has no convolution of %d images (%d × %d, from %d to %d channels) that gives the"
              + " same bits every time, and their windows are too large for a product (%d MiB, of"
              + " at most %d): lower the batch size, install another version of cuDNN 9, or set"
              + " backend.device = cpu.",
          sizes.batch(),
          sizes.height(),
          sizes.width(),
          sizes.in(),
          sizes.out(),
          (windows * Float.BYTES) >> 20,
          MOST_BYTES >> 20);
    }
    return (int) windows;
  }

  @Override
  public void forward(long x, long weight, long y) {
    Places places = places();
    gather(factor(x, places.images(), images), places.windows());
    forward.run(places.windows(), factor(weight, places.weights(), weights), y);
  }

  @Override
  public void inputGradient(long weight, long dy, long dx) {
    Places places = places();
    toWindows.run(
        factor(dy, places.results(), results),
        factor(weight, places.weights(), weights),
        places.windows());
    device.clear(dx, (long) images * Float.BYTES);
    windows("scatterAddWindows", places.windows(), dx, images);
  }

  @Override
  public void weightGradient(long x, long dy, long weightGradient) {
    Places places = places();
    gather(factor(x, places.images(), images), places.windows());
    toWeights.run(factor(dy, places.results(), results), places.windows(), weightGradient);
  }

  /** Addresses of float32 values: of all windows, and of what was bfloat16. */
  private record Places(long windows, long images, long weights, long results) {}

  private Places places() {
    long afterWindows = bytes(windows);
    long afterImages = afterWindows + (rounded ? bytes(images) : 0);
    long afterWeights = afterImages + (rounded ? bytes(weights) : 0);
    long all = afterWeights + (rounded ? bytes(results) : 0);
    long begin = memory.applyAsLong(all);
    return new Places(begin, begin + afterWindows, begin + afterImages, begin + afterWeights);
  }

  private static long bytes(int count) {
    return (long) Launches.divide(count, ALIGNMENT) * ALIGNMENT * Float.BYTES;
  }

  /** The address of factors in float32. */
  private long factor(long values, long wide, int count) {
    if (!rounded) {
      return values;
    }
    Widening.run(device::launch, values, wide, count);
    return wide;
  }

  private void gather(long from, long to) {
    windows("gatherWindows", from, to, windows);
  }

  private void windows(String kernel, long from, long to, int count) {
    Launches.run(
        device,
        kernel,
        count,
        from,
        to,
        count,
        sizes.height(),
        sizes.width(),
        sizes.in(),
        sizes.size(),
        sizes.stride(),
        sizes.padding(),
        sizes.outHeight(),
        sizes.outWidth());
  }
}
