package dev.ddpm.backend.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.ptr.LongByReference;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What g++ makes of {@code kernels.cu} by {@code cuda_on_cpu.h}. Functions give null, or what is
 * wrong.
 */
interface EmulatedKernels extends Library {
  /** A kernel's declaration. */
  Pattern KERNEL =
      Pattern.compile("extern \"C\" __global__ void (?:__launch_bounds__\\(\\w+\\) )?(\\w+)\\(");

  String deviceAllocate(long bytes, LongByReference address);

  String deviceFree(long address);

  String deviceRequire(long address, long bytes, int alignment);

  String deviceCheck();

  void deviceRunBackwards(int backwards);

  String deviceLaunch(
      String name, int blocksX, int blocksY, int threads, String kinds, long[] bits);

  String deviceProduct(
      int stack,
      int rows,
      int inner,
      int columns,
      int transposeA,
      int transposeB,
      double alpha,
      int accumulate,
      int type,
      long a,
      long b,
      long c);

  String deviceConvolution(
      int batch,
      int height,
      int width,
      int in,
      int out,
      int size,
      int stride,
      int padding,
      int type,
      int pass,
      long x,
      long weight,
      long y);

  /** The library, compiled once; the test is skipped where there is no compiler. */
  static EmulatedKernels library() {
    assumeTrue(Compiled.LIBRARY != null, "g++ is not on this machine, which emulates a card");
    return Compiled.LIBRARY;
  }

  /** The names of the kernels in a source. */
  static List<String> names(String source) {
    List<String> names = new ArrayList<>();
    Matcher matcher = KERNEL.matcher(source);
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }

  /** A file beside this class. */
  static String resource(String name) {
    try (InputStream in = EmulatedKernels.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Compiled when it is first asked for. */
  final class Compiled {
    private static final EmulatedKernels LIBRARY = compile();

    private Compiled() {}

    private static EmulatedKernels compile() {
      try {
        if (!runs("g++", "--version")) {
          return null;
        }
        Path folder = Files.createTempDirectory("emulated-card");
        folder.toFile().deleteOnExit();
        StringBuilder all = new StringBuilder("#include \"cuda_on_cpu.h\"\n");
        List<String> sources = List.of("kernels.cu", "faulty.cu", "probes.cu");
        for (String source : sources) {
          all.append("#include \"").append(source).append("\"\n");
          names(resource(source)).forEach(name -> all.append("KERNEL(" + name + ")\n"));
        }
        all.append("#include \"device_on_cpu.h\"\n");
        write(folder, "all.cpp", all.toString());
        for (String source : sources) {
          write(folder, source, resource(source));
        }
        for (String header : List.of("cuda_on_cpu.h", "device_on_cpu.h")) {
          write(folder, header, resource(header));
        }
        Path library = folder.resolve("all.so");
        library.toFile().deleteOnExit();
        // _longjmp between stacks is refused where sources are fortified
        String[] command = {
          "g++",
          "-std=c++17",
          "-O2",
          "-ffp-contract=off",
          "-U_FORTIFY_SOURCE",
          "-fPIC",
          "-shared",
          "-fvisibility=hidden",
          "-o",
          library.toString(),
          folder.resolve("all.cpp").toString()
        };
        if (!runs(command)) {
          throw new IllegalStateException("g++ does not compile kernels.cu: see above");
        }
        // several tasks of one process may have a card each, and the emulation is for one thread
        return (EmulatedKernels)
            Native.synchronizedLibrary(
                Native.loadLibrary(library.toString(), EmulatedKernels.class));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static void write(Path folder, String name, String content) throws IOException {
      Path file = Files.writeString(folder.resolve(name), content);
      file.toFile().deleteOnExit();
    }

    /** Whether a command exists and succeeds; what it prints is shown if it does not succeed. */
    private static boolean runs(String... command) throws IOException {
      Path output = Files.createTempFile("emulated-card", ".txt");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(20, TimeUnit.MINUTES)) {
          process.destroyForcibly();
          throw new IllegalStateException(command[0] + " does not come to an end");
        }
        if (process.exitValue() != 0) {
          System.err.println(Files.readString(output));
        }
        return process.exitValue() == 0;
      } catch (IOException e) {
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      } finally {
        Files.deleteIfExists(output);
      }
    }
  }
}
