package dev.ddpm.backend.cuda.driver;

import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_DEVICE_UNAVAILABLE;
import static org.bytedeco.cuda.global.cudart.CUDA_ERROR_OUT_OF_MEMORY;
import static org.bytedeco.cuda.global.cudart.CU_COMPUTEMODE_PROHIBITED;
import static org.bytedeco.cuda.global.cudart.CU_DEVICE_ATTRIBUTE_COMPUTE_MODE;
import static org.bytedeco.cuda.global.cudart.CU_STREAM_NON_BLOCKING;
import static org.bytedeco.cuda.global.cudart.cuCtxSetCurrent;
import static org.bytedeco.cuda.global.cudart.cuDeviceGet;
import static org.bytedeco.cuda.global.cudart.cuDeviceGetAttribute;
import static org.bytedeco.cuda.global.cudart.cuDevicePrimaryCtxRelease;
import static org.bytedeco.cuda.global.cudart.cuDevicePrimaryCtxRetain;
import static org.bytedeco.cuda.global.cudart.cuMemAlloc;
import static org.bytedeco.cuda.global.cudart.cuMemFree;
import static org.bytedeco.cuda.global.cudart.cuMemGetInfo;
import static org.bytedeco.cuda.global.cudart.cuMemsetD8Async;
import static org.bytedeco.cuda.global.cudart.cuStreamCreate;
import static org.bytedeco.cuda.global.cudart.cuStreamDestroy;
import static org.bytedeco.cuda.global.cudart.cuStreamSynchronize;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.cuda.Device;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.SizeTPointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One use of a card: its context, which all uses in a process share, a queue of work, and all that
 * has to be given back in the end.
 */
final class Card implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Card.class);
  private static final long MEBIBYTE = 1 << 20;

  /**
   * Nothing may wait for a whole card while work for it is being captured, be it another network's:
   * whoever captures, opens or gives back holds this.
   */
  static final Object WHOLE = new Object();

  private final int index;
  private final String name;
  private final int device;
  private final CUctx_st context = new CUctx_st();
  private final CUstream_st stream = new CUstream_st();
  private final Set<Long> allocated = new HashSet<>();
  private final Deque<Runnable> closing = new ArrayDeque<>();

  Card(int index, String name) {
    this.index = index;
    this.name = name;
    int[] handle = new int[1];
    Status.driver(cuDeviceGet(handle, index), "cuDeviceGet");
    this.device = handle[0];
    int status = cuDevicePrimaryCtxRetain(context, device);
    if (status != 0 && isProhibited()) {
      throw DdpmException.environment(
          "%s is set to compute for nobody: have nvidia-smi --compute-mode=DEFAULT set, or leave it"
              + " out by CUDA_VISIBLE_DEVICES.",
          told());
    }
    if (status == CUDA_ERROR_DEVICE_UNAVAILABLE) {
      throw DdpmException.environment(
          "%s is in use by another process and set to serve one at a time: end that process, run"
              + " one executor per GPU, or have nvidia-smi --compute-mode=DEFAULT set.",
          told());
    }
    if (status == CUDA_ERROR_OUT_OF_MEMORY) {
      throw DdpmException.environment(
          "%s has no memory left for another process: end what else computes on it; see"
              + " nvidia-smi.",
          told());
    }
    Status.driver(status, "cuDevicePrimaryCtxRetain");
    closing.push(() -> cuDevicePrimaryCtxRelease(device));
    try {
      use();
      Status.driver(cuStreamCreate(stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
      closing.push(() -> cuStreamDestroy(stream));
    } catch (RuntimeException | Error e) {
      run();
      throw e;
    }
  }

  private boolean isProhibited() {
    int[] mode = new int[1];
    return cuDeviceGetAttribute(mode, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, device) == 0
        && mode[0] == CU_COMPUTEMODE_PROHIBITED;
  }

  /** As messages name it. */
  String told() {
    return "GPU %d (%s)".formatted(index, name);
  }

  /** Makes the calls that follow on this thread mean this card. */
  void use() {
    Status.driver(cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }

  CUstream_st stream() {
    return stream;
  }

  /** Something to be done when the card is given back, before all that was named earlier. */
  void onClose(Runnable work) {
    closing.push(work);
  }

  long allocate(long bytes) {
    long[] address = new long[1];
    int status = cuMemAlloc(address, Math.max(1, bytes));
    if (status == CUDA_ERROR_OUT_OF_MEMORY) {
      throw outOfMemory(bytes);
    }
    Status.driver(status, "cuMemAlloc");
    allocated.add(address[0]);
    Status.driver(cuMemsetD8Async(address[0], (byte) 0, bytes, stream), "cuMemsetD8Async");
    return address[0];
  }

  private DdpmException outOfMemory(long bytes) {
    Device.Memory memory = memory();
    return DdpmException.environment(
        "%s is out of memory: %d MiB more are needed, and %d of %d MiB are free. Lower the batch"
            + " size, or end what else computes on it; see nvidia-smi.",
        told(),
        (bytes + MEBIBYTE - 1) / MEBIBYTE,
        memory.free() / MEBIBYTE,
        memory.all() / MEBIBYTE);
  }

  /**
   * What to say where a library does not start on this card: most of them tell of want of memory by
   * any error.
   */
  DdpmException refusal(String library, String error) {
    Device.Memory memory = memory();
    return DdpmException.environment(
        "%s does not start on %s, of which %d of %d MiB are free (%s): end what else computes on"
            + " it, see nvidia-smi, or install CUDA 13 and cuDNN 9 anew.",
        library, told(), memory.free() / MEBIBYTE, memory.all() / MEBIBYTE, error);
  }

  /** The memory as it is now. */
  Device.Memory memory() {
    try (SizeTPointer free = new SizeTPointer(1);
        SizeTPointer total = new SizeTPointer(1)) {
      Status.driver(cuMemGetInfo(free, total), "cuMemGetInfo");
      return new Device.Memory(free.get(), total.get());
    }
  }

  void free(long address) {
    if (!allocated.remove(address)) {
      throw new IllegalArgumentException("No memory of this card begins at " + address);
    }
    synchronize();
    Status.driver(cuMemFree(address), "cuMemFree");
  }

  void synchronize() {
    Status.driver(cuStreamSynchronize(stream), "cuStreamSynchronize");
  }

  /** Gives everything back; errors are told, because nothing can be done about them any more. */
  @Override
  public void run() {
    synchronized (WHOLE) {
      giveBack();
    }
  }

  private void giveBack() {
    int status = cuCtxSetCurrent(context);
    if (status == 0) {
      status = stream.isNull() ? 0 : cuStreamSynchronize(stream);
    }
    if (status != 0) {
      LOG.warn("{} was given back after {}", told(), Status.name(status));
    }
    allocated.forEach(address -> cuMemFree(address));
    allocated.clear();
    while (!closing.isEmpty()) {
      closing.pop().run();
    }
  }
}
