package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a user is told of a card that the driver shows and does not give, and of libraries that do
 * not go together, are not whole or do not start: by libraries that are made for it.
 */
class UnusableCardTest {
  @TempDir static Path made;

  @TempDir Path folder;

  @BeforeAll
  static void make() throws Exception {
    StubCuda.make(made);
  }

  private static String told(Map<String, String> environment) throws Exception {
    return StubCuda.run(made, environment, OpenCard.class);
  }

  @Test
  void aCardThatCanBeUsedIsOpened() throws Exception {
    assertThat(told(Map.of())).isEqualTo("compiled\nopened\n");
  }

  @Test
  void aCardThatAnotherProcessHasToItselfIsNamed() throws Exception {
    assertThat(told(Map.of("cuDevicePrimaryCtxRetain", "46", "COMPUTE_MODE", "3")))
        .startsWith(
            "ENVIRONMENT: GPU 0 (Card of Test) is in use by another process and set to serve one"
                + " at a time")
        .endsWith(".\n")
        .hasLineCount(1);
  }

  /** The driver's documentation knows both errors for it. */
  @ParameterizedTest
  @ValueSource(strings = {"46", "999"})
  void aCardThatIsSetToComputeForNobodyIsNamed(String error) throws Exception {
    assertThat(told(Map.of("cuDevicePrimaryCtxRetain", error, "COMPUTE_MODE", "2")))
        .isEqualTo(
            "ENVIRONMENT: GPU 0 (Card of Test) is set to compute for nobody: have nvidia-smi"
                + " --compute-mode=DEFAULT set, or leave it out by CUDA_VISIBLE_DEVICES.\n");
  }

  @Test
  void aCardWithoutMemoryForAContextIsNamed() throws Exception {
    assertThat(told(Map.of("cuDevicePrimaryCtxRetain", "2")))
        .isEqualTo(
            "ENVIRONMENT: GPU 0 (Card of Test) has no memory left for another process: end what"
                + " else computes on it; see nvidia-smi.\n");
  }

  /** On a full card cuBLAS says that it was not initialized, and cuDNN that or internal errors. */
  @ParameterizedTest
  @CsvSource({
    "cublasCreate_v2, 1, cuBLAS, CUBLAS",
    "cublasCreate_v2, 3, cuBLAS, CUBLAS",
    "cudnnCreate, 1001, cuDNN, CUDNN",
    "cudnnCreate, 4000, cuDNN, CUDNN"
  })
  void aLibraryThatDoesNotStartIsToldWithTheMemoryThatIsFree(
      String call, String status, String library, String prefix) throws Exception {
    assertThat(told(Map.of(call, status)))
        .endsWith(
            ("ENVIRONMENT: %s does not start on GPU 0 (Card of Test), of which 3 of 1000 MiB are"
                    + " free (%s_STATUS_OF_TEST): end what else computes on it, see nvidia-smi, or"
                    + " install CUDA 13 and cuDNN 9 anew.\n")
                .formatted(library, prefix));
  }

  @Test
  void memoryThatCudnnLacksIsToldAsSuch() throws Exception {
    assertThat(told(Map.of("cudnnCreate", "4004")))
        .contains("ENVIRONMENT: The GPU is out of memory (cudnnCreate): lower the batch size");
  }

  @Test
  void aPartThatCudnnDoesNotFindItselfIsTold() throws Exception {
    assertThat(told(Map.of("cudnnCreate", "1008")))
        .contains("ENVIRONMENT: cuDNN 9 is not whole: it cannot load a part of itself");
  }

  @Test
  void partsOfSeveralVersionsAreRefused() throws Exception {
    assertThat(told(Map.of("cudnnCnnVersionCheck", "1010")))
        .startsWith("ENVIRONMENT: The parts of cuDNN 9 are of several versions")
        .hasLineCount(1);
  }

  @Test
  void cudnnForAnOlderCudaIsRefused() throws Exception {
    assertThat(told(Map.of("cudnnGetCudartVersion", "12090")))
        .startsWith("ENVIRONMENT: cuDNN 9 is here for CUDA 12.9: must be for CUDA 13.")
        .endsWith("or set backend.device = cpu.\n")
        .hasLineCount(1);
  }

  /** The compiler of these libraries knows compute capability 9.0, and the driver is older. */
  @Test
  void aCardThatIsTooNewForCompilerAndDriverIsNamed() throws Exception {
    assertThat(told(Map.of("CAPABILITY", "121"))).endsWith("opened\n");
    assertThat(told(Map.of("CAPABILITY", "121", "cuModuleLoadData", "222")))
        .endsWith(
            "ENVIRONMENT: GPU 0 (Card of Test) is newer than CUDA's compiler here (NVRTC 13.0), and"
                + " the driver does not translate what that makes for it (CUDA_ERROR_OF_TEST):"
                + " install a newer driver, or a CUDA 13 that knows this card.\n");
  }

  @Test
  void aPartOfCudnnWithoutAFunctionIsNamed() throws Exception {
    StubCuda.link(made, folder);
    Files.delete(folder.resolve("libcudnn_cnn.so.9"));
    StubLibraries.compile(folder, "libcudnn_cnn.so.9", "");

    assertThat(StubCuda.run(folder, Map.of(), OpenCard.class))
        .isEqualTo(
            "ENVIRONMENT: libcudnn_cnn.so.9 has no cudnnCnnVersionCheck, which cuDNN 9 has: install"
                + " cuDNN 9 anew, or set backend.device = cpu.\n");
  }

  private String toldWithout(String library) throws IOException, InterruptedException {
    assumeTrue(SharedLibrary.open(library).isEmpty(), "this machine has a %s".formatted(library));
    StubCuda.link(made, folder);
    Files.delete(folder.resolve(library));
    return StubCuda.run(folder, Map.of(), OpenCard.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "libcudnn_adv.so.9",
        "libcudnn_heuristic.so.9",
        "libcudnn_engines_precompiled.so.9",
        "libcudnn_engines_runtime_compiled.so.9"
      })
  void aMissingPartOfCudnnIsNamed(String part) throws Exception {
    assertThat(toldWithout(part))
        .startsWith("ENVIRONMENT: cuDNN 9 is not here, or not whole: there is no " + part + " in ")
        .hasLineCount(1);
  }

  @Test
  void aMissingPartOfCudaIsNamed() throws Exception {
    assertThat(toldWithout("libcublas.so.13"))
        .startsWith("ENVIRONMENT: CUDA 13 is not here, or not whole: there is no libcublas.so.13")
        .hasLineCount(1);
  }
}
