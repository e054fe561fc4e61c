package dev.ddpm.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which of the ways that a library proposes is taken, of libraries that are made for it. */
class DnnConvolutionTest {
  private static final List<String> CALLS =
      List.of(
          "cudnnConvolutionForward",
          "cudnnConvolutionBackwardData",
          "cudnnConvolutionBackwardFilter");

  /** Algorithm, status, memory and determinism: 7, 6 and 5 do not do. */
  private static final String PROPOSALS =
      "7,3000,0,1 6,0,0,0 5,0,1073741825,1 4,0,1073741824,1 3,0,0,1";

  @TempDir static Path made;

  @BeforeAll
  static void make() throws Exception {
    StubCuda.make(made);
  }

  private static String told(String factors, String... environment) throws Exception {
    Map<String, String> all = new HashMap<>(Map.of("PROPOSALS", PROPOSALS));
    for (int i = 0; i < environment.length; i += 2) {
      all.put(environment[i], environment[i + 1]);
    }
    return StubCuda.run(made, all, ConvolveOnStubs.class, factors);
  }

  /** What all directions tell. */
  private static String each(String... lines) {
    StringBuilder all = new StringBuilder();
    for (String call : CALLS) {
      for (String line : lines) {
        all.append(line.formatted(call)).append('\n');
      }
    }
    return all.toString();
  }

  private static String passes(String first, String second) {
    return "compiled\npass 0\n" + first + "pass 1\n" + second;
  }

  @ParameterizedTest
  @ValueSource(strings = {"FLOAT32", "TF32", "BFLOAT16"})
  void theFirstThatIsDeterministicAndSmallIsTaken(String factors) throws Exception {
    assertThat(told(factors)).isEqualTo(passes(each("%s by 4"), each("%s by 4")));
  }

  @Test
  void oneThatIsRefusedAfterAllIsFollowedByTheNext() throws Exception {
    assertThat(told("FLOAT32", "REFUSED", " 4 "))
        .isEqualTo(passes(each("%s by 4 is refused", "%s by 3"), each("%s by 3")));
  }

  @Test
  void resultsOfBfloat16AreWidenedWhereThereAreNoOthers() throws Exception {
    String narrow = each("%s by 4", "widenBfloat16");
    assertThat(told("BFLOAT16", "NARROW_ALONE", "1")).isEqualTo(passes(narrow, narrow));
  }

  /** Also where cuDNN takes back what it has proposed for float32 results. */
  @Test
  void bothKindsOfResultsAreTriedInTheirOrder() throws Exception {
    String refused = each("%s by 4 is refused", "%s by 3 is refused");
    List<String> lines = new ArrayList<>(told("BFLOAT16", "REFUSED", " 4  3 ").lines().toList());

    assertThat(lines.stream().filter(line -> line.endsWith("is refused")))
        .hasSize(2 * (int) refused.lines().count());
    assertThat(lines).contains("gatherWindows");
  }

  @Test
  void whatCudnnDoesNotComputeIsComputedByWindows() throws Exception {
    String forward = "gatherWindows\nproduct\n";
    String inputGradient = "product\nscatterAddWindows\n";
    String weightGradient = "gatherWindows\nproduct\n";
    String all = forward + inputGradient + weightGradient;

    assertThat(told("FLOAT32", "PROPOSALS", "6,0,0,0")).isEqualTo(passes(all, all));
  }

  @Test
  void factorsOfBfloat16AreWidenedForWindows() throws Exception {
    String widen = "widenBfloat16\n";
    String all =
        widen
            + "gatherWindows\n"
            + widen
            + "product\n"
            + widen
            + widen
            + "product\nscatterAddWindows\n"
            + widen
            + "gatherWindows\n"
            + widen
            + "product\n";

    assertThat(told("BFLOAT16", "PROPOSALS", "")).isEqualTo(passes(all, all));
  }

  @Test
  void anotherErrorEndsTheWork() throws Exception {
    assertThat(told("FLOAT32", "cudnnConvolutionBackwardData", "4004"))
        .endsWith(
            "cudnnConvolutionBackwardData by 4\n"
                + "ENVIRONMENT: The GPU is out of memory (cudnnConvolutionBackwardData): lower the"
                + " batch size, or end what else computes on it; see nvidia-smi.\n");
  }

  /** And does not pass for a convolution that cuDNN does not have. */
  @Test
  void aPartThatIsMissingIsToldWhenProposalsAreAskedFor() throws Exception {
    assertThat(told("FLOAT32", "cudnnGetConvolutionForwardAlgorithm_v7", "1008"))
        .contains(
            "ENVIRONMENT: cuDNN 9 is not whole: it cannot load a part of itself"
                + " (cudnnGetConvolutionForwardAlgorithm_v7)");
  }
}
