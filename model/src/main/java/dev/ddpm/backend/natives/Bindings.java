package dev.ddpm.backend.natives;

import org.bytedeco.javacpp.Pointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * JavaCPP's bindings to several libraries in one process, and the one door to them: every thread
 * that is about to use any of them calls {@link #prepare} first.
 *
 * <p>Those of OpenBLAS, oneDNN and OpenCL were made by the JavaCPP that ND4J was made with, those
 * of CUDA by a later one, which runs them all; JavaCPP would print a warning for each of the
 * former.
 *
 * <p>While JavaCPP loads a library, it initialises {@link Pointer}; and while that is initialised,
 * it loads a library. Two threads that begin with one each would wait for each other for ever.
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

  /**
   * Must come before the first use of any of them, and behind the choice of a variant of them where
   * one is made, which JavaCPP reads here for good; calling it again changes nothing.
   */
  public static void prepare() {
    Prepared.touch();
  }

  /** Its initialisation is done once, and every thread waits for it. */
  private static final class Prepared {
    static {
      acceptVersions();
      try {
        Class.forName(Pointer.class.getName());
      } catch (ClassNotFoundException | LinkageError e) {
        // Whatever uses it fails later, and then without this reason.
        LOG.warn("JavaCPP cannot be used.", e);
      }
    }

    private static void acceptVersions() {
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
