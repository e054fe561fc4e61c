package dev.ddpm;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Which package may know what. */
@AnalyzeClasses(packages = "dev.ddpm", importOptions = ImportOption.DoNotIncludeTests.class)
class PackagesTest {
  private static final String[] LIBRARIES = {
    "org.nd4j..", "org.deeplearning4j..", "org.bytedeco..", "jdk.incubator..", "ai.onnxruntime.."
  };

  /** Mathematics that any JVM runs. */
  @ArchTest
  static final ArchRule PURE_JAVA =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.ddpm.random..",
              "dev.ddpm.image..",
              "dev.ddpm.diffusion..",
              "dev.ddpm.sampling..",
              "dev.ddpm.evaluation..",
              "dev.ddpm.backend",
              "dev.ddpm.backend.convolution..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(LIBRARIES);

  /** Blocks are written once, for every back end. */
  @ArchTest
  static final ArchRule BLOCKS_KNOW_NO_LIBRARY =
      noClasses()
          .that()
          .resideInAPackage("dev.ddpm.network.block..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(LIBRARIES);

  /** Networks see the faces of the back ends; DL4J's adapter alone sees ND4J's. */
  @ArchTest
  static final ArchRule NETWORKS_SEE_NO_CERTAIN_BACK_END =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.ddpm.backend..", "dev.ddpm.network.dl4j..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.ddpm.backend.*..");

  /** It is for back ends whose tensors are not ND4J's, on machines that need no ND4J. */
  @ArchTest
  static final ArchRule WALKS_KNOW_NO_LIBRARY =
      noClasses()
          .that()
          .resideInAnyPackage("dev.ddpm.network", "dev.ddpm.network.walk..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(LIBRARIES);

  /** What exists because of DL4J stands in one package. */
  @ArchTest
  static final ArchRule DL4J_IN_ITS_PACKAGE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.ddpm.network.dl4j..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.deeplearning4j..");

  /** Training and stored models see a network's flat vectors, and no library's arrays. */
  @ArchTest
  static final ArchRule ARRAYS_BEHIND_BACK_ENDS =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.ddpm.backend..", "dev.ddpm.network.dl4j..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.nd4j..", "org.bytedeco..");

  /** Whoever has no ONNX files needs no ONNX Runtime. */
  @ArchTest
  static final ArchRule ONNX_RUNTIME_IN_ITS_PACKAGE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.ddpm.onnx..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.onnxruntime..");

  /** Only there can the Vector API be missing without harm. */
  @ArchTest
  static final ArchRule VECTOR_API_IN_ITS_PACKAGE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.ddpm.backend.cpu.vector..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("jdk.incubator..", "dev.ddpm.backend.cpu.vector..");

  @ArchTest
  static final ArchRule BACK_ENDS_WITHOUT_CYCLES =
      slices().matching("dev.ddpm.backend.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule PACKAGES_WITHOUT_CYCLES =
      slices().matching("dev.ddpm.(**)").should().beFreeOfCycles();
}
