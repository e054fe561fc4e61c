package dev.ddpm.spark.train.dl4j;

import dev.ddpm.network.TrainableNetwork;
import dev.ddpm.network.dl4j.Dl4jNetwork;
import dev.ddpm.spark.train.round.ImageBatch;
import dev.ddpm.spark.train.round.StepHook;
import java.util.List;
import org.deeplearning4j.spark.api.TrainingHook;

/** DL4J's hooks, called around every optimiser step as DL4J's own worker calls them. */
record Hooks(List<TrainingHook> hooks) implements StepHook {

  @Override
  public void before(ImageBatch images, TrainableNetwork network) {
    hooks.forEach(hook -> hook.preUpdate(new ImageMinibatch(images), Dl4jNetwork.graphOf(network)));
  }

  @Override
  public void after(ImageBatch images, TrainableNetwork network) {
    hooks.forEach(
        hook -> hook.postUpdate(new ImageMinibatch(images), Dl4jNetwork.graphOf(network)));
  }
}
