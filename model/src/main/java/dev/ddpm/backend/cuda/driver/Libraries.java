package dev.ddpm.backend.cuda.driver;

import com.sun.jna.Function;
import dev.ddpm.DdpmException;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The libraries of CUDA 13 and cuDNN 9, which come with a machine, an image or Python's wheels and
 * not with this program. They are looked for, in this order, where the dynamic linker does
 * (LD_LIBRARY_PATH and its own folders), in the folders of the property
 * org.bytedeco.javacpp.platform.preloadpath, in those of CUDA's installers, and in those of
 * NVIDIA's wheels below the environments of Python.
 */
final class Libraries {
  /** In an order in which each finds those that it needs. */
  private static final List<String> CUDA =
      List.of("libcudart.so.13", "libnvrtc.so.13", "libcublasLt.so.13", "libcublas.so.13");

  private static final String GRAPH = "libcudnn_graph.so.9";

  /** Those that the bindings need, and those that cuDNN itself loads when it is first used. */
  private static final List<String> CUDNN =
      List.of(
          GRAPH,
          "libcudnn_engines_precompiled.so.9",
          "libcudnn_engines_runtime_compiled.so.9",
          "libcudnn_heuristic.so.9",
          "libcudnn_ops.so.9",
          "libcudnn_cnn.so.9",
          "libcudnn_adv.so.9");

  private static final int CUDA_MAJOR = 13;

  /** With which parts of cuDNN find out whether those that they need are of their own version. */
  private static final Map<String, String> CHECKS =
      Map.of(
          GRAPH,
          "cudnnGraphVersionCheck",
          "libcudnn_ops.so.9",
          "cudnnOpsVersionCheck",
          "libcudnn_cnn.so.9",
          "cudnnCnnVersionCheck");

  private static final String PRELOAD_PATH = "org.bytedeco.javacpp.platform.preloadpath";

  private final List<Path> folders;

  /** Those that the linker does not find are looked for in these folders. */
  Libraries(List<Path> folders) {
    this.folders = folders;
  }

  /** Those of this machine. */
  static Libraries here() {
    List<Path> folders = new ArrayList<>();
    paths(System.getProperty(PRELOAD_PATH)).forEach(folders::add);
    folders.addAll(matches(Path.of("/usr/local"), "cuda", "lib64"));
    folders.addAll(matches(Path.of("/usr/local"), "cuda-13*", "lib64"));
    folders.addAll(matches(Path.of("/opt"), "cuda", "lib64"));
    Stream.of(
            paths(System.getenv("VIRTUAL_ENV")),
            paths(System.getenv("CONDA_PREFIX")),
            Stream.of(Path.of(System.getProperty("user.home"), ".local")),
            Stream.of("/usr/local", "/usr", "/opt/conda").map(Path::of))
        .flatMap(environments -> environments)
        .forEach(environment -> folders.addAll(wheels(environment)));
    return new Libraries(folders);
  }

  private static Stream<Path> paths(String list) {
    return list == null
        ? Stream.empty()
        : Arrays.stream(list.split(File.pathSeparator))
            .filter(path -> !path.isBlank())
            .map(Path::of);
  }

  /** The folders of NVIDIA's wheels in an environment of Python's. */
  static List<Path> wheels(Path environment) {
    return matches(environment, "lib", "python3*", "{site,dist}-packages", "nvidia", "*", "lib");
  }

  /** The folders whose names match, level by level; those of a level from the last name back. */
  private static List<Path> matches(Path root, String... names) {
    List<Path> level = List.of(root);
    for (String name : names) {
      List<Path> next = new ArrayList<>();
      for (Path folder : level) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, name)) {
          entries.forEach(found::add);
        } catch (IOException e) {
          // no such folder, or one that cannot be read: there is nothing in it for us
          continue;
        }
        found.sort(Collections.reverseOrder());
        next.addAll(found);
      }
      level = next;
    }
    return level;
  }

  /**
   * Loads them all.
   *
   * @throws DdpmException (environment) if one is missing or cannot be loaded, with the remedy
   */
  void load() {
    load(CUDA, "CUDA 13");
    load(CUDNN, "cuDNN 9");
    for (Map.Entry<String, String> check : CHECKS.entrySet()) {
      if (function(check.getKey(), check.getValue()).invokeInt(new Object[0]) != 0) {
        throw severalVersions();
      }
    }
    requireCudnnForCuda13();
  }

  /** That for CUDA 12 has the same names, and fails when it first computes. */
  private static void requireCudnnForCuda13() {
    long cuda = function(GRAPH, "cudnnGetCudartVersion").invokeLong(new Object[0]);
    if (cuda / 1000 != CUDA_MAJOR) {
      throw DdpmException.environment(
          "cuDNN 9 is here for CUDA %d.%d: must be for CUDA 13. Install that one, or name its"
              + " folder before others in LD_LIBRARY_PATH or -D%s; or set backend.device = cpu.",
          cuda / 1000, cuda % 1000 / 10, PRELOAD_PATH);
    }
  }

  private static Function function(String file, String name) {
    try {
      return SharedLibrary.open(file).orElseThrow().function(name);
    } catch (LinkageError | NoSuchElementException e) {
      throw DdpmException.environment(
          "%s has no %s, which cuDNN 9 has: install cuDNN 9 anew, or set backend.device = cpu.",
          file, name);
    }
  }

  /** What to say where each library is there and they are not of one release. */
  static DdpmException severalVersions() {
    return DdpmException.environment(
        "The parts of cuDNN 9 are of several versions: two installations of it are mixed; name the"
            + " folder of one in LD_LIBRARY_PATH or -D%s, or set backend.device = cpu.",
        PRELOAD_PATH);
  }

  /** What to say where cuDNN does not find a part of itself. */
  static DdpmException partNotLoaded(String call) {
    return DdpmException.environment(
        "cuDNN 9 is not whole: it cannot load a part of itself (%s), and names it above. Install it"
            + " anew, or name the folder of a whole one in LD_LIBRARY_PATH or -D%s; or set"
            + " backend.device = cpu.",
        call, PRELOAD_PATH);
  }

  /** Loads some of them, which are parts of a product. */
  void load(List<String> files, String product) {
    for (String file : files) {
      if (SharedLibrary.open(file).isPresent()) {
        continue;
      }
      Path found =
          folders.stream()
              .map(folder -> folder.resolve(file))
              .filter(Files::isRegularFile)
              .findFirst()
              .orElseThrow(() -> missing(file, product));
      Optional<SharedLibrary> library = SharedLibrary.open(found.toString());
      if (library.isEmpty()) {
        throw DdpmException.environment(
            "%s cannot be loaded (%s): install %s anew, or set backend.device = cpu.",
            found, SharedLibrary.lastError(), product);
      }
    }
  }

  private static DdpmException missing(String file, String product) {
    return DdpmException.environment(
        "%s is not here, or not whole: there is no %s in LD_LIBRARY_PATH, /usr/local/cuda/lib64 or"
            + " Python's nvidia wheels. Install it, or name its folder in LD_LIBRARY_PATH or"
            + " -D%s; or set backend.device = cpu.",
        product, file, PRELOAD_PATH);
  }
}
