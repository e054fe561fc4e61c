package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a user is told of a card that the driver shows and does not give, and of libraries that do
 * not go together. The libraries are made for it, with the functions that are called until then;
 * each card is opened in a process of its own, because a library stays loaded.
 */
class UnusableCardTest {
  private static final List<String> CUDA =
      List.of("libcudart.so.13", "libnvrtc.so.13", "libcublasLt.so.13", "libcublas.so.13");
  private static final String ADVANCED = "libcudnn_adv.so.9";
  private static final String CHECK = "extern \"C\" int cudnn%sVersionCheck() { return %d; }";

  @TempDir Path folder;

  private void make(int retained, int checked) throws Exception {
    StubLibraries.compile(
        folder,
        Driver.LIBRARY,
        """
        #include <cstring>
        extern "C" {
        int cuDriverGetVersion(int* version) { *version = 13000; return 0; }
        int cuInit(unsigned) { return 0; }
        int cuDeviceGetCount(int* count) { *count = 1; return 0; }
        int cuDeviceGet(int* device, int card) { *device = card; return 0; }
        int cuDeviceGetName(char* name, int, int) { std::strcpy(name, "Card of Test"); return 0; }
        int cuDeviceGetAttribute(int* value, int attribute, int) {
          *value = attribute == 75 ? 9 : 0;
          return 0;
        }
        int cuGetErrorName(int, const char** name) { *name = "CUDA_ERROR_OF_TEST"; return 0; }
        int cuDevicePrimaryCtxRetain(void**, int) { return %d; }
        }
        """
            .formatted(retained));
    for (String name : CUDA) {
      StubLibraries.compile(folder, name, "");
    }
    StubLibraries.compile(folder, "libcudnn_graph.so.9", CHECK.formatted("Graph", 0));
    StubLibraries.compile(folder, "libcudnn_ops.so.9", CHECK.formatted("Ops", 0));
    StubLibraries.compile(folder, "libcudnn_cnn.so.9", CHECK.formatted("Cnn", checked));
    StubLibraries.compile(folder, ADVANCED, "");
  }

  private String told() throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                OpenCard.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .redirectOutput(output.toFile());
    // before those that this machine may have
    builder.environment().put("LD_LIBRARY_PATH", folder.toString());
    Process process = builder.start();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).isZero();
    return Files.readString(output);
  }

  @Test
  void aCardThatAnotherProcessHasToItselfIsNamed() throws Exception {
    make(46, 0);

    assertThat(told())
        .startsWith(
            "ENVIRONMENT: GPU 0 (Card of Test) is in use by another process and set to serve one"
                + " at a time")
        .endsWith(".\n")
        .hasLineCount(1);
  }

  @Test
  void aCardWithoutMemoryForAContextIsNamed() throws Exception {
    make(2, 0);

    assertThat(told())
        .isEqualTo(
            "ENVIRONMENT: GPU 0 (Card of Test) has no memory left for another process: end what"
                + " else computes on it; see nvidia-smi.\n");
  }

  @Test
  void partsOfSeveralVersionsAreRefused() throws Exception {
    make(0, 1010);

    assertThat(told())
        .startsWith("ENVIRONMENT: The parts of cuDNN 9 are of several versions")
        .hasLineCount(1);
  }

  @Test
  void aPartOfCudnnWithoutAFunctionIsNamed() throws Exception {
    make(0, 0);
    StubLibraries.compile(folder, "libcudnn_cnn.so.9", "");

    assertThat(told())
        .isEqualTo(
            "ENVIRONMENT: libcudnn_cnn.so.9 has no cudnnCnnVersionCheck, which cuDNN 9 has: install"
                + " cuDNN 9 anew, or set backend.device = cpu.\n");
  }

  private static void requireNoneHere(String library) {
    assumeTrue(SharedLibrary.open(library).isEmpty(), "this machine has a %s".formatted(library));
  }

  @Test
  void aMissingPartOfCudnnIsNamed() throws Exception {
    requireNoneHere(ADVANCED);
    make(0, 0);
    Files.delete(folder.resolve(ADVANCED));

    assertThat(told())
        .startsWith(
            "ENVIRONMENT: cuDNN 9 is not here, or not whole: there is no " + ADVANCED + " in ")
        .hasLineCount(1);
  }

  @Test
  void aMissingPartOfCudaIsNamed() throws Exception {
    requireNoneHere("libcublas.so.13");
    make(0, 0);
    Files.delete(folder.resolve("libcublas.so.13"));

    assertThat(told())
        .startsWith("ENVIRONMENT: CUDA 13 is not here, or not whole: there is no libcublas.so.13")
        .hasLineCount(1);
  }
}
