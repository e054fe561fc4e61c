package dev.ddpm.spark.config;

import dev.ddpm.checkpoint.ModelFolder;
import dev.ddpm.checkpoint.TensorFile;

/** The weights of a model folder that images can be sampled with. */
public enum WeightChoice {
  /** The moving average; the last weights where the model has none. */
  EMA {
    @Override
    public TensorFile in(ModelFolder model) {
      return model.has(TensorFile.EMA) ? TensorFile.EMA : TensorFile.WEIGHTS;
    }
  },
  /** The last weights. */
  RAW {
    @Override
    public TensorFile in(ModelFolder model) {
      return TensorFile.WEIGHTS;
    }
  };

  /** Where a model has them. */
  public abstract TensorFile in(ModelFolder model);
}
