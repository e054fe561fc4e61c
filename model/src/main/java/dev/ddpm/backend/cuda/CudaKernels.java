package dev.ddpm.backend.cuda;

import static dev.ddpm.backend.cuda.CudaTensor.address;

import dev.ddpm.backend.AdamStep;
import dev.ddpm.backend.Kernels;
import dev.ddpm.backend.Patches;
import dev.ddpm.backend.Sinusoids;
import dev.ddpm.backend.Tensor;
import dev.ddpm.diffusion.CleanBatch;
import dev.ddpm.diffusion.Noising;
import dev.ddpm.random.Stream;
import java.util.IdentityHashMap;
import java.util.function.DoubleSupplier;

/**
 * The kernels of {@code kernels.cu}. Scratch memory is of fixed size: work that was recorded finds
 * it where it was.
 */
final class CudaKernels implements Kernels {
  /** Columns up to which a warp holds a row of a softmax in registers. */
  private static final int SHORT_ROW = 1024;

  private static final int WARP = 32;
  private static final int WARPS_PER_BLOCK = 4;
  private static final int THREADS_PER_ROW = 512;

  /** Values of float64 of the scratch memory of sums over rows. */
  private static final int PARTIAL_SUMS = 1 << 18;

  /** Rows that a part of a sum has at least: fewer are not worth a second kernel. */
  private static final int LEAST_ROWS = 64;

  private static final int MOST_PARTS = 256;

  private final Device device;
  private final long partialSums;

  private final CudaNoising noising;

  /** A float64 value per block. */
  private final long blockSums;

  /** The float64 square of the norm that was taken last. */
  private final long squaredNorm;

  /** The float64 mean of the last loss. */
  private final long loss;

  /** Arrays of rows and of frequencies that are on the card already. */
  private final IdentityHashMap<Object, Long> uploaded = new IdentityHashMap<>();

  CudaKernels(Device device) {
    this.device = device;
    this.partialSums = device.allocate((long) PARTIAL_SUMS * Double.BYTES);
    this.noising = new CudaNoising(device);
    this.blockSums = device.allocate((long) Launches.MOST_BLOCKS * Double.BYTES);
    this.squaredNorm = device.allocate(Double.BYTES);
    this.loss = device.allocate(Double.BYTES);
  }

  @Override
  public void swish(Tensor x, Tensor y) {
    run("swish", x.length(), address(x), address(y), x.length());
  }

  @Override
  public void swishBackward(Tensor x, Tensor dy, Tensor dx) {
    run("swishBackward", x.length(), address(x), address(dy), address(dx), x.length());
  }

  @Override
  public void softmax(Tensor x) {
    int rows = x.rows();
    int columns = x.columns();
    if (columns <= SHORT_ROW) {
      device.launch("softmax", warpBlocks(rows), 1, warpThreads(), 0, address(x), rows, columns);
    } else {
      device.launch("softmaxOfLongRows", rows, 1, THREADS_PER_ROW, 0, address(x), columns);
    }
  }

  @Override
  public void softmaxBackward(Tensor y, Tensor gradient) {
    int rows = y.rows();
    int columns = y.columns();
    long from = address(y);
    long to = address(gradient);
    if (columns <= SHORT_ROW) {
      device.launch(
          "softmaxBackward", warpBlocks(rows), 1, warpThreads(), 0, from, to, rows, columns);
    } else {
      device.launch("softmaxBackwardOfLongRows", rows, 1, THREADS_PER_ROW, 0, from, to, columns);
    }
  }

  private static int warpBlocks(int rows) {
    return Launches.divide(rows, WARPS_PER_BLOCK);
  }

  private static int warpThreads() {
    return WARPS_PER_BLOCK * WARP;
  }

  @Override
  public void clear(Tensor y) {
    device.clear(address(y), bytes(y));
  }

  @Override
  public void copy(Tensor x, Tensor y) {
    device.copy(address(x), address(y), bytes(y));
  }

  private static long bytes(Tensor tensor) {
    return (long) tensor.length() * Float.BYTES;
  }

  @Override
  public void add(Tensor x, Tensor y) {
    run("add", y.length(), address(x), address(y), y.length());
  }

  @Override
  public void subtract(Tensor x, Tensor y) {
    run("subtract", y.length(), address(x), address(y), y.length());
  }

  @Override
  public void addProduct(Tensor a, Tensor b, Tensor y) {
    run("addProduct", y.length(), address(a), address(b), address(y), y.length());
  }

  @Override
  public void addToRows(Tensor vector, Tensor y) {
    run("addToRows", y.length(), address(vector), address(y), y.length(), y.columns());
  }

  @Override
  public void scaleRows(Tensor factors, Tensor y) {
    run("scaleRows", y.length(), address(factors), address(y), y.length(), y.columns());
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, Tensor gathered) {
    long numbers = onCard(rows);
    int count = rows.length * x.columns();
    run("gatherRows", count, address(x), numbers, address(gathered), count, x.columns());
  }

  @Override
  public void addToRows(Tensor values, int[] rows, Tensor y) {
    long numbers = onCard(rows);
    int count = rows.length * y.columns();
    run("addToChosenRows", count, address(values), numbers, address(y), count, y.columns());
  }

  /** Where the card has the numbers of an array, which must not change once it was handed over. */
  private long onCard(int[] numbers) {
    return uploaded.computeIfAbsent(
        numbers,
        absent -> {
          long address = device.allocate((long) numbers.length * Integer.BYTES);
          device.upload(numbers, address);
          return address;
        });
  }

  @Override
  public void gatherRows(Tensor x, Tensor rows, Tensor gathered) {
    int count = rows.length() * x.columns();
    run(
        "gatherNumberedRows",
        count,
        address(x),
        address(rows),
        address(gathered),
        count,
        x.columns());
  }

  @Override
  public void addToRows(Tensor values, Tensor rows, Tensor y) {
    int columns = y.columns();
    run(
        "addToNumberedRows",
        columns,
        address(values),
        address(rows),
        address(y),
        rows.length(),
        columns);
  }

  @Override
  public void encode(Sinusoids encoding, Tensor timesteps, Tensor y) {
    run(
        "encode",
        y.length(),
        address(timesteps),
        onCard(encoding),
        address(y),
        y.length(),
        y.columns() / 2,
        encoding.cosinesFirst() ? 1 : 0);
  }

  private long onCard(Sinusoids encoding) {
    return uploaded.computeIfAbsent(
        encoding,
        absent -> {
          float[] frequencies = encoding.frequencies();
          long address = device.allocate((long) frequencies.length * Float.BYTES);
          device.upload(frequencies, 0, frequencies.length, address);
          return address;
        });
  }

  @Override
  public void noise(Noising how, CleanBatch images, int from, Tensor xt, Tensor target) {
    noising.run(how, images, from, xt, target);
  }

  @Override
  public void gaussian(long seed, Stream stream, long firstIndex, int step, Tensor y) {
    int images = y.size(0);
    run(
        "gaussian",
        y.length(),
        address(y),
        images,
        y.length() / images,
        seed,
        stream.id(),
        firstIndex,
        step);
  }

  @Override
  public void gather(Patches patches, Tensor image, Tensor matrix) {
    windows("gatherWindows", patches, address(image), address(matrix), matrix.length());
  }

  @Override
  public void scatterAdd(Patches patches, Tensor matrix, Tensor image) {
    windows("scatterAddWindows", patches, address(matrix), address(image), image.length());
  }

  private void windows(String kernel, Patches patches, long from, long to, int count) {
    run(
        kernel,
        count,
        from,
        to,
        count,
        patches.height(),
        patches.width(),
        patches.channels(),
        patches.size(),
        patches.stride(),
        Patches.PADDING,
        patches.down(),
        patches.across());
  }

  /** In two stages where there are many rows: over parts of them, then over the parts. */
  @Override
  public void sumRows(Tensor x, Tensor sums) {
    int rows = x.rows();
    int columns = x.columns();
    int most = Math.min(MOST_PARTS, PARTIAL_SUMS / columns);
    int wanted = Math.max(1, Math.min(most, rows / LEAST_ROWS));
    int rowsPerPart = Launches.divide(rows, wanted);
    int parts = Launches.divide(rows, rowsPerPart);
    // narrow matrices: several rows side by side, so that neighbouring threads read neighbours
    int lanes = Math.min(WARP, 2 * Integer.highestOneBit(Math.max(1, columns - 1)));
    int across = Launches.divide(columns, lanes);
    long from = address(x);
    long to = address(sums);
    if (parts == 1) {
      device.launch("sumRows", across, 1, Launches.THREADS, 0, from, to, rows, columns, lanes);
      return;
    }
    device.launch(
        "sumPartsOfRows",
        across,
        parts,
        Launches.THREADS,
        0,
        from,
        partialSums,
        rows,
        columns,
        lanes,
        rowsPerPart);
    device.launch(
        "sumParts", across, 1, Launches.THREADS, 0, partialSums, to, parts, columns, lanes);
  }

  @Override
  public void concatenate(Tensor a, Tensor b, Tensor both) {
    columns("concatenate", address(a), address(b), address(both), both.length(), a, b);
  }

  @Override
  public void split(Tensor both, Tensor a, Tensor b) {
    columns("split", address(both), address(a), address(b), both.length(), a, b);
  }

  private void columns(
      String kernel, long first, long second, long third, int count, Tensor a, Tensor b) {
    run(kernel, count, first, second, third, count, a.columns(), b.columns());
  }

  @Override
  public void clip(Tensor x, double longest) {
    int count = x.length();
    run("squares", count, address(x), blockSums, count);
    sumBlocks(count, 1, squaredNorm);
    run("clip", count, address(x), count, squaredNorm, longest);
  }

  @Override
  public void adam(AdamStep step, Tensor gradient, Tensor m, Tensor v) {
    run(
        "adam",
        gradient.length(),
        address(gradient),
        address(m),
        address(v),
        gradient.length(),
        (float) step.beta1(),
        (float) (1 - step.beta1()),
        (float) step.beta2(),
        (float) (1 - step.beta2()),
        (float) step.rootCorrection(),
        (float) step.epsilon(),
        (float) step.stepSize());
  }

  @Override
  public DoubleSupplier meanSquaredError(Tensor prediction, Tensor target, Tensor gradient) {
    int count = prediction.length();
    run(
        "squaredErrors",
        count,
        address(prediction),
        address(target),
        address(gradient),
        blockSums,
        count,
        (float) (2.0 / count));
    sumBlocks(count, 1.0 / count, loss);
    return this::loss;
  }

  private double loss() {
    double[] value = new double[1];
    device.download(loss, value);
    return value[0];
  }

  /** The sum over the blocks of a grid for so many values, times a factor. */
  private void sumBlocks(int count, double factor, long result) {
    int blocks = Launches.blocks(count);
    device.launch("total", 1, 1, Launches.THREADS, 0, blockSums, blocks, factor, result);
  }

  private void run(String kernel, int count, Object... arguments) {
    Launches.run(device, kernel, count, arguments);
  }
}
