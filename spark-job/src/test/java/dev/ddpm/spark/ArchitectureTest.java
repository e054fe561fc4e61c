package dev.ddpm.spark;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may import whom: see the package-info of {@code dev.ddpm.spark}. */
class ArchitectureTest {
  private static final String ROOT = "dev.ddpm.spark.";
  private static final List<String> JOBS =
      List.of(
          "ingest",
          "train",
          "sample",
          "interpolate",
          "evaluate",
          "compare",
          "plan",
          "exchange",
          "classify",
          "ema");

  /** From the top to the bottom; packages of one layer do not import each other. */
  private static final List<List<String>> LAYERS =
      List.of(
          List.of("cli"),
          JOBS,
          List.of("stored"),
          List.of("dataset", "config"),
          List.of("cluster"),
          List.of("io"));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.ddpm.spark");

  @Test
  void packagesFormNoCycles() {
    slices().matching("dev.ddpm.spark.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  /**
   * The model's classes enter native libraries in an order in which threads never wait in circles.
   */
  @Test
  void nativeLibrariesAreBehindTheModel() {
    noClasses().should().dependOnClassesThat().resideInAPackage("org.bytedeco..").check(CLASSES);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void noLayerImportsOneAboveIt(int layer) {
    noClasses()
        .that()
        .resideInAnyPackage(packages(LAYERS.get(layer)))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            packages(LAYERS.subList(0, layer).stream().flatMap(List::stream).toList()))
        .check(CLASSES);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ingest",
        "train",
        "sample",
        "interpolate",
        "evaluate",
        "compare",
        "plan",
        "exchange",
        "classify",
        "ema"
      })
  void noJobImportsAnother(String job) {
    noClasses()
        .that()
        .resideInAPackage(ROOT + job + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(packages(JOBS.stream().filter(other -> !other.equals(job)).toList()))
        .check(CLASSES);
  }

  @Test
  void dl4jIsSeenByItsAdapterOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "train.dl4j..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.deeplearning4j..")
        .check(CLASSES);
  }

  @Test
  void nd4jIsSeenByTheAdapterOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "train.dl4j..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.nd4j..")
        .check(CLASSES);
  }

  /**
   * A job trains and samples with whatever network it is handed. DL4J on Spark and the training of
   * classifiers know DL4J's alone.
   */
  @Test
  void theKindOfNetworkIsChosenInOnePlace() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "train.dl4j..")
        .and()
        .doNotHaveSimpleName("Networks")
        .and()
        .resideOutsideOfPackage(ROOT + "classify..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.ddpm.network.dl4j..")
        .check(CLASSES);
    noClasses()
        .that()
        .doNotHaveSimpleName("Networks")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.ddpm.network.walk..")
        .check(CLASSES);
  }

  private static String[] packages(List<String> names) {
    return names.stream().map(name -> ROOT + name + "..").toArray(String[]::new);
  }
}
