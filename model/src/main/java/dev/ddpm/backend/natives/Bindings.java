package dev.ddpm.backend.natives;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * JavaCPP's bindings to several libraries in one process. Those of OpenBLAS, oneDNN and OpenCL were
 * made by the JavaCPP that ND4J was made with, those of CUDA by a later one, which runs them all;
 * JavaCPP would print a warning for each of the former.
 */
public final class Bindings {
  private static final Logger LOG = LoggerFactory.getLogger(Bindings.class);

  /** While this is false, JavaCPP loads nothing, and has nothing to warn of. */
  private static final String LOAD_LIBRARIES = "org.bytedeco.javacpp.loadLibraries";

  /** What compares versions when it is initialised, by name: no build has them all. */
  private static final String[] OLDER = {
    "org.bytedeco.openblas.presets.openblas_nolapack",
    "org.bytedeco.dnnl.presets.dnnl",
    "org.bytedeco.opencl.presets.OpenCL"
  };

  private Bindings() {}

  /** Must come before the first use of any of them; calling it again changes nothing. */
  public static void acceptVersions() {
    Accepted.touch();
  }

  /** Its initialisation is done once, and every thread waits for it. */
  private static final class Accepted {
    static {
      String before = System.getProperty(LOAD_LIBRARIES);
      System.setProperty(LOAD_LIBRARIES, "false");
      try {
        for (String name : OLDER) {
          initialise(name);
        }
      } finally {
        restore(before);
      }
    }

    private static void initialise(String name) {
      try {
        Class.forName(name);
      } catch (ClassNotFoundException | LinkageError e) {
        LOG.debug("No binding {} on the class path", name, e);
      }
    }

    private static void restore(String before) {
      if (before == null) {
        System.clearProperty(LOAD_LIBRARIES);
      } else {
        System.setProperty(LOAD_LIBRARIES, before);
      }
    }

    static void touch() {
      // its caller wants the initialisation
    }
  }
}
