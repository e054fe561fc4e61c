package dev.ddpm.backend.cuda.driver;

import static org.bytedeco.cuda.global.cublas.cublasCreate_v2;
import static org.bytedeco.cuda.global.cublas.cublasDestroy_v2;
import static org.bytedeco.cuda.global.cublas.cublasSetStream_v2;
import static org.bytedeco.cuda.global.cublas.cublasSetWorkspace_v2;
import static org.bytedeco.cuda.global.cudart.cuMemAllocHost;
import static org.bytedeco.cuda.global.cudart.cuMemFreeHost;
import static org.bytedeco.cuda.global.cudart.cuMemcpyDtoDAsync;
import static org.bytedeco.cuda.global.cudart.cuMemcpyDtoHAsync;
import static org.bytedeco.cuda.global.cudart.cuMemcpyHtoDAsync;
import static org.bytedeco.cuda.global.cudart.cuMemsetD8Async;
import static org.bytedeco.cuda.global.cudart.cudaRuntimeGetVersion;
import static org.bytedeco.cuda.global.cudnn.cudnnCreate;
import static org.bytedeco.cuda.global.cudnn.cudnnDestroy;
import static org.bytedeco.cuda.global.cudnn.cudnnGetVersion;
import static org.bytedeco.cuda.global.cudnn.cudnnSetStream;

import dev.ddpm.backend.ProductShape;
import dev.ddpm.backend.cuda.Device;
import java.lang.ref.Cleaner;
import java.util.Locale;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A card of NVIDIA's by CUDA 13: the driver's own calls for memory and kernels, cuBLAS for
 * products, cuDNN for convolutions, CUDA graphs for what is recorded. Gives the card back when it
 * is closed, or when nothing refers to it any more.
 */
final class CudaDevice implements Device {
  private static final Cleaner CLEANER = Cleaner.create();

  /**
   * Memory of the host that copies go through: the card reads and writes no other at full speed.
   */
  private static final int STAGING_BYTES = 8 << 20;

  /** What NVIDIA recommends for Hopper, the card that wants most. */
  private static final long BLAS_BYTES = 32L << 20;

  private final Card card;
  private final Cleaner.Cleanable cleanable;
  private final String name;
  private final String description;
  private final cublasContext blas = new cublasContext();
  private final cudnnContext dnn = new cudnnContext();
  private final Workspace workspace;
  private final Workspace narrow;
  private final KernelModule kernels;
  private final BytePointer staging = new BytePointer((Pointer) null);
  private final FloatPointer stagedFloats;
  private final DoublePointer stagedDoubles;
  private final LongPointer stagedLongs;
  private final IntPointer stagedInts;
  private final BytePointer stagedBytes;

  /**
   * Takes a card into use.
   *
   * @param index its number, from 0
   * @param driver started, with the libraries of CUDA loaded
   */
  CudaDevice(int index, Driver driver) {
    this.name = driver.name(index);
    synchronized (Card.WHOLE) {
      this.card = new Card(index, name);
      this.cleanable = CLEANER.register(this, card);
      try {
        this.description = describe(index, driver);
        this.kernels = new KernelModule(card, KernelCode.of(driver.capability(index)));
        createBlas();
        createDnn();
        this.workspace = new Workspace(card);
        this.narrow = new Workspace(card);
        Status.driver(cuMemAllocHost(staging, STAGING_BYTES), "cuMemAllocHost");
        // not this object's field: what is to be done when it is gone must not refer to it
        Pointer host = staging;
        card.onClose(() -> cuMemFreeHost(host));
        this.stagedFloats = new FloatPointer(staging);
        this.stagedDoubles = new DoublePointer(staging);
        this.stagedLongs = new LongPointer(staging);
        this.stagedInts = new IntPointer(staging);
        this.stagedBytes = new BytePointer(staging);
      } catch (RuntimeException | Error e) {
        cleanable.clean();
        throw e;
      }
    }
  }

  private String describe(int index, Driver driver) {
    int[] runtime = new int[1];
    Status.driver(cudaRuntimeGetVersion(runtime), "cudaRuntimeGetVersion");
    long dnnVersion = cudnnGetVersion();
    int capability = driver.capability(index);
    return String.format(
        Locale.ROOT,
        "%s with %.0f GiB and compute capability %d.%d, driver for CUDA %s, CUDA %d.%d, cuDNN"
            + " %d.%d.%d",
        name,
        card.memory().all() / (double) (1 << 30),
        capability / 10,
        capability % 10,
        driver.version(),
        runtime[0] / 1000,
        runtime[0] % 1000 / 10,
        dnnVersion / 10_000,
        dnnVersion % 10_000 / 100,
        dnnVersion % 100);
  }

  private void createBlas() {
    int status = cublasCreate_v2(blas);
    if (status != 0) {
      throw card.refusal("cuBLAS", Status.blasName(status));
    }
    cublasContext handle = blas;
    card.onClose(() -> cublasDestroy_v2(handle));
    Status.blas(cublasSetStream_v2(blas, card.stream()), "cublasSetStream");
    Pointer memory = new DeviceMemory().at(card.allocate(BLAS_BYTES));
    Status.blas(cublasSetWorkspace_v2(blas, memory, BLAS_BYTES), "cublasSetWorkspace");
  }

  private void createDnn() {
    int status = cudnnCreate(dnn);
    if (status != 0) {
      Status.requireDnn(status, "cudnnCreate");
      throw card.refusal("cuDNN", Status.dnnName(status));
    }
    cudnnContext handle = dnn;
    card.onClose(() -> cudnnDestroy(handle));
    Status.dnn(cudnnSetStream(dnn, card.stream()), "cudnnSetStream");
  }

  @Override
  public String describe() {
    return description;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Memory memory() {
    card.use();
    return card.memory();
  }

  @Override
  public long allocate(long bytes) {
    card.use();
    return card.allocate(bytes);
  }

  @Override
  public void free(long address) {
    card.use();
    card.free(address);
  }

  @Override
  public void upload(float[] values, int from, int count, long address) {
    int most = STAGING_BYTES / Float.BYTES;
    for (int done = 0; done < count; done += most) {
      int part = Math.min(most, count - done);
      stagedFloats.put(values, from + done, part);
      toCard(address + (long) done * Float.BYTES, (long) part * Float.BYTES);
    }
  }

  @Override
  public void upload(long[] values, long address) {
    int most = STAGING_BYTES / Long.BYTES;
    for (int done = 0; done < values.length; done += most) {
      int part = Math.min(most, values.length - done);
      stagedLongs.put(values, done, part);
      toCard(address + (long) done * Long.BYTES, (long) part * Long.BYTES);
    }
  }

  @Override
  public void upload(int[] values, long address) {
    int most = STAGING_BYTES / Integer.BYTES;
    for (int done = 0; done < values.length; done += most) {
      int part = Math.min(most, values.length - done);
      stagedInts.put(values, done, part);
      toCard(address + (long) done * Integer.BYTES, (long) part * Integer.BYTES);
    }
  }

  @Override
  public void upload(byte[] values, int count, long address) {
    for (int done = 0; done < count; done += STAGING_BYTES) {
      int part = Math.min(STAGING_BYTES, count - done);
      stagedBytes.put(values, done, part);
      toCard(address + done, part);
    }
  }

  private void toCard(long address, long bytes) {
    card.use();
    Status.driver(cuMemcpyHtoDAsync(address, staging, bytes, card.stream()), "cuMemcpyHtoDAsync");
    card.synchronize();
  }

  @Override
  public void download(long address, float[] values, int to, int count) {
    int most = STAGING_BYTES / Float.BYTES;
    for (int done = 0; done < count; done += most) {
      int part = Math.min(most, count - done);
      fromCard(address + (long) done * Float.BYTES, (long) part * Float.BYTES);
      stagedFloats.get(values, to + done, part);
    }
  }

  @Override
  public void download(long address, double[] values) {
    int most = STAGING_BYTES / Double.BYTES;
    for (int done = 0; done < values.length; done += most) {
      int part = Math.min(most, values.length - done);
      fromCard(address + (long) done * Double.BYTES, (long) part * Double.BYTES);
      stagedDoubles.get(values, done, part);
    }
  }

  private void fromCard(long address, long bytes) {
    card.use();
    Status.driver(cuMemcpyDtoHAsync(staging, address, bytes, card.stream()), "cuMemcpyDtoHAsync");
    card.synchronize();
  }

  @Override
  public void copy(long from, long to, long bytes) {
    card.use();
    Status.driver(cuMemcpyDtoDAsync(to, from, bytes, card.stream()), "cuMemcpyDtoDAsync");
  }

  @Override
  public void clear(long address, long bytes) {
    card.use();
    Status.driver(cuMemsetD8Async(address, (byte) 0, bytes, card.stream()), "cuMemsetD8Async");
  }

  @Override
  public void launch(
      String kernel, int blocksX, int blocksY, int threads, int sharedBytes, Object... arguments) {
    kernels.launch(kernel, blocksX, blocksY, threads, sharedBytes, arguments);
  }

  @Override
  public Product product(ProductShape shape, Factors factors) {
    return new BlasProduct(card, blas, shape, factors);
  }

  @Override
  public Convolution convolution(ConvolutionSizes sizes, Factors factors) {
    return new DnnConvolution(card, dnn, workspace, narrow, kernels, this, sizes, factors);
  }

  @Override
  public Recording record(Runnable work) {
    return GraphRecording.of(card, work);
  }

  @Override
  public void synchronize() {
    card.use();
    card.synchronize();
  }

  @Override
  public void close() {
    cleanable.clean();
  }
}
