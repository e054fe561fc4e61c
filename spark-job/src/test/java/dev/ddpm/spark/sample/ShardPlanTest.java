package dev.ddpm.spark.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ShardPlanTest {
  private static final ShardPlan NOTHING = new ShardPlan(List.of());

  @Test
  void filesEndAtMultiplesAndAtTheCount() {
    assertThat(NOTHING.extendedTo(20, 8).shards(20))
        .containsExactly(new IndexRange(0, 8), new IndexRange(8, 8), new IndexRange(16, 4));
  }

  @Test
  void moreImagesLeaveTheFilesBeforeAsTheyAre() {
    ShardPlan before = NOTHING.extendedTo(20, 8);
    ShardPlan after = before.extendedTo(50, 16);

    assertThat(after.shards(50))
        .startsWith(before.shards(20).toArray(IndexRange[]::new))
        .endsWith(new IndexRange(20, 12), new IndexRange(32, 16), new IndexRange(48, 2));
  }

  @Test
  void fewerImagesChangeNothing() {
    ShardPlan plan = NOTHING.extendedTo(20, 8);

    assertThat(plan.extendedTo(9, 4)).isEqualTo(plan);
    assertThat(plan.shards(9)).containsExactly(new IndexRange(0, 8), new IndexRange(8, 8));
  }

  @Test
  void namesSortLikeIndices() {
    assertThat(new IndexRange(64, 64).fileStem()).isEqualTo("000000000064-000000000127");
  }
}
