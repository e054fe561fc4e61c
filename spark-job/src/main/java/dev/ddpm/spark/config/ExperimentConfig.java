package dev.ddpm.spark.config;

import dev.ddpm.DdpmException;
import java.io.Serializable;

/**
 * Everything that defines an experiment. Each component is a section of the configuration.
 *
 * @param model the network
 * @param diffusion the noise process
 * @param data the training images
 * @param training the optimisation and its distribution
 * @param validation how training is watched
 * @param sampling the generation of images
 * @param backend what networks are computed with
 */
public record ExperimentConfig(
    ModelConfig model,
    DiffusionConfig diffusion,
    DataConfig data,
    TrainingConfig training,
    ValidationConfig validation,
    SamplingConfig sampling,
    BackendConfig backend)
    implements Serializable {

  /**
   * Checks what concerns more than one section.
   *
   * @throws DdpmException (user) naming the keys, their values and what is allowed
   */
  public ExperimentConfig {
    if (validation.patience() > 0 && validation.fraction() == 0) {
      throw DdpmException.user(
          "validation.patience = %d: needs images that are held out; set validation.fraction.",
          validation.patience());
    }
    if (validation.frechetEvery() > 0 && validation.fraction() == 0) {
      throw DdpmException.user(
          "validation.frechet-every = %d: needs images that are held out; set validation.fraction.",
          validation.frechetEvery());
    }
    if (validation.bestBy() == BestBy.FRECHET && validation.frechetEvery() == 0) {
      throw DdpmException.user(
          "validation.best-by = frechet: needs distances; set validation.frechet-every.");
    }
  }
}
