package dev.ddpm.backend.cuda.driver;

import static org.bytedeco.cuda.global.nvrtc.nvrtcCompileProgram;
import static org.bytedeco.cuda.global.nvrtc.nvrtcCreateProgram;
import static org.bytedeco.cuda.global.nvrtc.nvrtcDestroyProgram;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetCUBIN;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetCUBINSize;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetErrorString;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetNumSupportedArchs;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetPTX;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetPTXSize;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetProgramLog;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetProgramLogSize;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetSupportedArchs;
import static org.bytedeco.cuda.global.nvrtc.nvrtcVersion;

import dev.ddpm.backend.cuda.Device;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * The kernels of this project as machine code, which NVRTC makes of {@code kernels.cu}: once per
 * process and kind of card, or once for all processes that are given a folder to keep it in.
 */
final class KernelCode {
  private static final String SOURCE = "kernels.cu";

  /** System property: a folder to keep it in. */
  private static final String FOLDER = "ddpm.cuda.kernels";

  private static final Map<Integer, byte[]> COMPILED = new ConcurrentHashMap<>();

  private KernelCode() {}

  /**
   * Code for a card: its own, or, if the compiler is older than the card, such that the driver
   * translates.
   *
   * @param capability the card's compute capability in tenths: 90 for 9.0
   */
  static byte[] of(int capability) {
    return COMPILED.computeIfAbsent(capability, kind -> compile(source(), kind));
  }

  private static String source() {
    try (InputStream source = Device.class.getResourceAsStream(SOURCE)) {
      return new String(source.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** See {@link #of}. */
  static byte[] compile(String source, int capability) {
    int newest = newest(capability);
    boolean machineCode = newest == capability;
    String architecture = (machineCode ? "sm_" : "compute_") + newest;
    List<String> options = List.of("--gpu-architecture=" + architecture, "--std=c++17");
    String folder = System.getProperty(FOLDER);
    return folder == null
        ? compile(source, options, machineCode)
        : new KernelFolder(Path.of(folder))
            .code(
                List.of(source, String.join(" ", options), compilerVersion()),
                () -> compile(source, options, machineCode));
  }

  /** NVRTC's version, as in "13.0". */
  static String compilerVersion() {
    int[] major = new int[1];
    int[] minor = new int[1];
    check(nvrtcVersion(major, minor), "nvrtcVersion");
    return major[0] + "." + minor[0];
  }

  private static byte[] compile(String source, List<String> options, boolean machineCode) {
    _nvrtcProgram program = new _nvrtcProgram();
    try (BytePointer text = new BytePointer(source);
        BytePointer name = new BytePointer(SOURCE);
        PointerPointer<BytePointer> pointers =
            new PointerPointer<>(options.toArray(String[]::new))) {
      check(
          nvrtcCreateProgram(
              program, text, name, 0, (PointerPointer<?>) null, (PointerPointer<?>) null),
          "nvrtcCreateProgram");
      int status = nvrtcCompileProgram(program, options.size(), pointers);
      if (status != 0) {
        throw new IllegalStateException(
            "%s cannot be compiled with %s: %s"
                .formatted(SOURCE, String.join(" ", options), log(program)));
      }
      return machineCode ? machineCode(program) : assembly(program);
    } finally {
      if (!program.isNull()) {
        nvrtcDestroyProgram(program);
      }
    }
  }

  /** The newest kind of card that the compiler knows and whose code runs on the given one. */
  private static int newest(int capability) {
    int[] count = new int[1];
    check(nvrtcGetNumSupportedArchs(count), "nvrtcGetNumSupportedArchs");
    int[] known = new int[count[0]];
    check(nvrtcGetSupportedArchs(known), "nvrtcGetSupportedArchs");
    return Arrays.stream(known)
        .filter(kind -> kind <= capability)
        .max()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "CUDA's compiler knows %s and nothing as old as %d"
                        .formatted(Arrays.toString(known), capability)));
  }

  private static byte[] machineCode(_nvrtcProgram program) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      check(nvrtcGetCUBINSize(program, size), "nvrtcGetCUBINSize");
      byte[] code = new byte[Math.toIntExact(size.get())];
      check(nvrtcGetCUBIN(program, code), "nvrtcGetCUBIN");
      return code;
    }
  }

  private static byte[] assembly(_nvrtcProgram program) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      check(nvrtcGetPTXSize(program, size), "nvrtcGetPTXSize");
      byte[] code = new byte[Math.toIntExact(size.get())];
      check(nvrtcGetPTX(program, code), "nvrtcGetPTX");
      return code;
    }
  }

  private static String log(_nvrtcProgram program) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      check(nvrtcGetProgramLogSize(program, size), "nvrtcGetProgramLogSize");
      byte[] log = new byte[Math.toIntExact(size.get())];
      check(nvrtcGetProgramLog(program, log), "nvrtcGetProgramLog");
      return new String(log, StandardCharsets.UTF_8).split("\0", 2)[0].strip();
    }
  }

  private static void check(int status, String call) {
    if (status != 0) {
      throw new IllegalStateException(
          "%s failed: %s".formatted(call, nvrtcGetErrorString(status).getString()));
    }
  }
}
