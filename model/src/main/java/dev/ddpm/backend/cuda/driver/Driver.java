package dev.ddpm.backend.cuda.driver;

import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import dev.ddpm.DdpmException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.UUID;

/**
 * NVIDIA's driver, asked by itself: whether it is worth loading the libraries of CUDA, and if not,
 * why.
 */
final class Driver {
  /** The driver's library. */
  static final String LIBRARY = "libcuda.so.1";

  /** CUDA 13.0, as drivers count. */
  static final int CUDA_13 = 13_000;

  private static final int NO_DEVICE = 100;
  private static final int MAJOR = 75;
  private static final int MINOR = 76;
  private static final int NAME_BYTES = 256;
  private static final int UUID_BYTES = 16;

  /** What a user can do who needs no card. */
  private static final String OR_CPU = "; or set backend.device = cpu.";

  private final SharedLibrary library;

  private Driver(SharedLibrary library) {
    this.library = library;
  }

  /**
   * The driver of this machine.
   *
   * @param file its library
   * @throws DdpmException (environment) if there is none
   */
  static Driver find(String file) {
    try {
      return SharedLibrary.open(file).map(Driver::new).orElseThrow(() -> missing(file));
    } catch (LinkageError e) {
      // no JNA for this machine, or no folder for its own library
      throw DdpmException.environment(
          e, "The NVIDIA driver cannot be asked for (%s)%s", e.getMessage(), OR_CPU);
    }
  }

  private static DdpmException missing(String file) {
    return DdpmException.environment(
        "There is no NVIDIA driver here (%s): install version 580 or newer, or give the container"
            + " the cards of its machine%s",
        file, OR_CPU);
  }

  /**
   * Starts the driver, and refuses one that CUDA 13 does not run on.
   *
   * @throws DdpmException (environment) with the reason
   */
  void start() {
    int version = number("cuDriverGetVersion");
    if (version < CUDA_13) {
      throw DdpmException.environment(
          "The NVIDIA driver is for CUDA %s: must be for CUDA 13.0 or newer, which drivers are from"
              + " version 580 on%s",
          text(version), OR_CPU);
    }
    int status = library.function("cuInit").invokeInt(new Object[] {0});
    if (status == NO_DEVICE) {
      throw noCard(0, 0);
    }
    if (status != 0) {
      throw DdpmException.environment(
          "The NVIDIA driver does not start (cuInit: %s): see what nvidia-smi says%s",
          error(status), OR_CPU);
    }
  }

  /** The newest CUDA that it runs, as in "13.0". */
  String version() {
    return text(number("cuDriverGetVersion"));
  }

  private static String text(int version) {
    return String.format(Locale.ROOT, "%d.%d", version / 1000, version % 1000 / 10);
  }

  /**
   * Refuses a card that is not there or older than this needs.
   *
   * @param index the card's number, from 0
   * @param least the lowest compute capability in tenths: 75 for 7.5
   * @param purpose what needs that
   * @throws DdpmException (environment) with the reason
   */
  void requireCard(int index, int least, String purpose) {
    int cards = cards();
    if (index >= cards) {
      throw noCard(index, cards);
    }
    int capability = capability(index);
    if (capability < least) {
      throw DdpmException.environment(
          "GPU %d (%s) has compute capability %d.%d: %s needs %d.%d or newer; where other GPUs do,"
              + " leave this one out by CUDA_VISIBLE_DEVICES%s",
          index,
          name(index),
          capability / 10,
          capability % 10,
          purpose,
          least / 10,
          least % 10,
          OR_CPU);
    }
  }

  private static DdpmException noCard(int index, int cards) {
    return DdpmException.environment(
        "The NVIDIA driver shows no GPU %d to this process, which sees %d: see what nvidia-smi says"
            + " and CUDA_VISIBLE_DEVICES is%s",
        index, cards, OR_CPU);
  }

  /** A card's compute capability in tenths: 75 for 7.5. */
  int capability(int index) {
    return 10 * attribute(MAJOR, index) + attribute(MINOR, index);
  }

  /** A card's name. */
  String name(int index) {
    byte[] name = new byte[NAME_BYTES];
    call("cuDeviceGetName", name, name.length, index);
    return new String(name, StandardCharsets.US_ASCII).split("\0", 2)[0];
  }

  /** How many cards this process sees. */
  int cards() {
    return number("cuDeviceGetCount");
  }

  /** What tells a card from all others, as nvidia-smi writes it. */
  String uuid(int index) {
    byte[] bytes = new byte[UUID_BYTES];
    call("cuDeviceGetUuid_v2", bytes, index);
    ByteBuffer halves = ByteBuffer.wrap(bytes);
    return "GPU-" + new UUID(halves.getLong(), halves.getLong());
  }

  private int attribute(int attribute, int index) {
    IntByReference value = new IntByReference();
    call("cuDeviceGetAttribute", value, attribute, index);
    return value.getValue();
  }

  private int number(String function) {
    IntByReference value = new IntByReference();
    call(function, value);
    return value.getValue();
  }

  private void call(String function, Object... arguments) {
    int status = library.function(function).invokeInt(arguments);
    if (status != 0) {
      throw DdpmException.environment(
          "The NVIDIA driver refuses %s (%s): see what nvidia-smi says%s",
          function, error(status), OR_CPU);
    }
  }

  private String error(int status) {
    PointerByReference name = new PointerByReference();
    boolean known =
        library.function("cuGetErrorName").invokeInt(new Object[] {status, name}) == 0
            && name.getValue() != null;
    return known ? name.getValue().getString(0) : "error " + status;
  }
}
