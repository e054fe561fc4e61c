package dev.ddpm.spark.stored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.image.ClassLabels;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DrawnClassesTest {
  private static final ClassLabels CLOTHES =
      new ClassLabels(List.of("T-shirt/top", "Trouser", "Bag", "bag", "tench, Tinca"), true);

  private static DrawnClasses parse(String text) {
    return DrawnClasses.parse(CLOTHES, text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "uniform | uniform",
        "all=100 | uniform",
        "0,1,2,3,4 | uniform",
        "trouser=500,Bag=500 | Trouser=1,Bag=1",
        "Bag=2, 1=2 | Trouser=1,Bag=1",
        "bag=3,0=1 | T-shirt/top=1,bag=3",
        "TROUSER | Trouser=1",
        "4=7,trouser=14 | Trouser=2,4=1",
        "#1=1,#4 | Trouser=1,4=1"
      })
  void sharesAreWrittenInOneWay(String text, String written) {
    DrawnClasses classes = parse(text);

    assertThat(classes.text()).isEqualTo(written);
    assertThat(parse(written).text()).isEqualTo(written);
    assertThat(DrawnClasses.stored(classes.settings()).text()).isEqualTo(written);
    assertThat(DrawnClasses.stored(classes.settings()).of(0, 50)).isEqualTo(classes.of(0, 50));
  }

  /** A class may be called like the number of another. */
  @Test
  void aNumberIsOneWithItsSign() {
    var odd = new ClassLabels(List.of("1", "a,b", "#0", ""), true);
    for (int number = 0; number < 4; number++) {
      String sign = "#" + number;
      DrawnClasses classes = DrawnClasses.parse(odd, sign);

      assertThat(classes.of(0)).isEqualTo(number);
      assertThat(DrawnClasses.stored(classes.settings()).of(0)).isEqualTo(number);
    }
    assertThat(DrawnClasses.parse(odd, "1").of(0)).isZero();
    assertThat(DrawnClasses.parse(odd, "3").of(0)).isEqualTo(3);
    assertThat(DrawnClasses.parse(odd, "#1").text()).isEqualTo("#1=1");
  }

  @Test
  void numbersBehindAllClassesSayHowManyImagesAreWanted() {
    assertThat(parse("all=100").total()).isEqualTo(OptionalLong.of(500));
    assertThat(parse("trouser=30,Bag=12").total()).isEqualTo(OptionalLong.of(42));
    assertThat(parse("trouser,Bag=12").total()).isEmpty();
    assertThat(parse("uniform").total()).isEmpty();
  }

  @Test
  void countsAreThoseOfTheFirstImages() {
    DrawnClasses classes = parse("trouser=2,Bag=1");

    assertThat(classes.of(0, 6)).containsExactly(1, 2, 1, 1, 2, 1);
    assertThat(classes.counts(8)).containsExactly(0, 5, 3, 0, 0);
    assertThat(classes.name(1)).isEqualTo("Trouser");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "trousr=5 | sampling.classes = trousr=5: there is no class 'trousr'; most like it: Trouser,"
            + " Bag, bag. The model knows 5, numbered from 0 on: T-shirt/top, Trouser, Bag, bag,"
            + " tench, Tinca.",
        "BAG=1 | there is no class 'BAG'; most like it: Bag, bag,",
        "5=1 | there is no class '5'",
        "trouser=0 | '0' is not a number of images from 1 on; it is written uniform, all=100, or",
        "trouser=-3 | '-3' is not a number of images from 1 on",
        "trouser=many | 'many' is not a number",
        "trouser=9999999999999 | '9999999999999' is not a number",
        "trouser=1,1=2 | the class Trouser is there twice",
        "all=5,bag=1 | all is every class, so that no other can be named beside it",
        "bag=1,all=5 | all is every class",
        "trouser=1,,Bag | there is no class ''",
        "trouser=1000000,Bag=999999 | sampling.classes: The shares of the classes come out only"
            + " every 1999999 images"
      })
  void whatIsNoClassIsRefused(String text, String message) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.USER))
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"all=1", "3", "trouser=5"})
  void aModelWithoutClassesHasOnlyTheDefault(String text) {
    assertThat(DrawnClasses.parse(ClassLabels.NONE, "uniform").exist()).isFalse();
    assertThatThrownBy(() -> DrawnClasses.parse(ClassLabels.NONE, text))
        .isInstanceOf(DdpmException.class)
        .hasMessage("sampling.classes = " + text + ": the model knows no classes.");
  }

  @Test
  void settingsOfImagesWithoutClassesSayNothing() {
    assertThat(DrawnClasses.NONE.settings()).isEmpty();
    assertThat(DrawnClasses.stored(Map.of("sampling.seed", "1")).exist()).isFalse();
    assertThatThrownBy(() -> DrawnClasses.stored(Map.of("model_classes", "[1")))
        .isInstanceOfSatisfying(
            DdpmException.class,
            e -> assertThat(e.category()).isEqualTo(DdpmException.Category.DATA))
        .hasMessageContaining("model_classes = [1: are not the names of classes.");
  }
}
