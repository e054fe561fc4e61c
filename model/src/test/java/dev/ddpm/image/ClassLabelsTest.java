package dev.ddpm.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClassLabelsTest {
  @Test
  void noClassIsTheNumberAfterTheLast() {
    ClassLabels labels = new ClassLabels(List.of("bag", "boot"), true);

    assertThat(labels.exist()).isTrue();
    assertThat(labels.count()).isEqualTo(2);
    assertThat(labels.noClass()).hasValue(2);
    assertThat(labels.rows()).isEqualTo(3);
  }

  @Test
  void numberedClassesNeedAClassForEveryImage() {
    ClassLabels labels = ClassLabels.numbered(3);

    assertThat(labels.names()).containsExactly("0", "1", "2");
    assertThat(labels.noClass()).isEmpty();
    assertThat(labels.rows()).isEqualTo(3);
  }

  @Test
  void aModelWithoutClassesHasNoRows() {
    assertThat(ClassLabels.NONE).isEqualTo(ClassLabels.numbered(0));
    assertThat(ClassLabels.NONE.exist()).isFalse();
    assertThat(ClassLabels.NONE.noClass()).isEmpty();
    assertThat(ClassLabels.NONE.rows()).isZero();
  }

  @Test
  void withoutClassesThereIsNoImageWithoutOne() {
    assertThatThrownBy(() -> new ClassLabels(List.of(), true))
        .isInstanceOf(DdpmException.class)
        .hasMessageContaining("unlabelled = true: there is no class");
  }
}
