package dev.ddpm.spark.config;

import dev.ddpm.DdpmException;
import dev.ddpm.checkpoint.ModelDescription;
import dev.ddpm.diffusion.DataRange;
import dev.ddpm.sampling.Thresholding;
import java.util.Map;

/** What can be done to the clean images that the model predicts at every step. */
public enum ThresholdingChoice {
  /** What the model was trained for: {@link #CLIP} by the paper, {@link #NONE} by labml. */
  PRESET {
    @Override
    public ThresholdingChoice resolved(ModelDescription model) {
      return model.preset().clipX0() ? CLIP : NONE;
    }

    @Override
    public Thresholding create(ModelDescription model, SamplingConfig sampling) {
      return resolved(model).create(model, sampling);
    }
  },
  /** Nothing. */
  NONE {
    @Override
    public Thresholding create(ModelDescription model, SamplingConfig sampling) {
      return Thresholding.NONE;
    }
  },
  /** Values are clipped to the data range, or to a multiple of it. */
  CLIP {
    @Override
    public Thresholding create(ModelDescription model, SamplingConfig sampling) {
      DataRange range = model.dataRange();
      float middle = (range.minimum() + range.maximum()) / 2;
      float half = (float) ((range.maximum() - middle) * sampling.clipRange());
      return new Thresholding.Clip(middle - half, middle + half);
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return Map.of("clip-range", Double.toString(sampling.clipRange()));
    }
  },
  /** Values are scaled into the data range by a quantile (Saharia et al., arXiv 2205.11487). */
  DYNAMIC {
    @Override
    public void require(ModelDescription model) {
      if (model.dataRange() != DataRange.MINUS_ONE_TO_ONE) {
        throw DdpmException.user(
            "sampling.thresholding = dynamic: is for models of the data range minus-one-to-one, and"
                + " this one has another; use clip or none.");
      }
    }

    @Override
    public Thresholding create(ModelDescription model, SamplingConfig sampling) {
      return new Thresholding.Dynamic(
          sampling.thresholdingQuantile(), sampling.thresholdingBound());
    }

    @Override
    public Map<String, String> settings(SamplingConfig sampling) {
      return Map.of(
          "thresholding-quantile", Double.toString(sampling.thresholdingQuantile()),
          "thresholding-bound", Double.toString(sampling.thresholdingBound()));
    }
  };

  /** The choice itself, or the one that it leaves to the model. */
  public ThresholdingChoice resolved(ModelDescription model) {
    return this;
  }

  /**
   * Checks that it can be had for a model.
   *
   * @throws DdpmException (user) if not
   */
  public void require(ModelDescription model) {}

  /** What is done to the images of a model. */
  public abstract Thresholding create(ModelDescription model, SamplingConfig sampling);

  /** Values of the keys of {@code sampling} that have an effect with this choice only. */
  public Map<String, String> settings(SamplingConfig sampling) {
    return Map.of();
  }
}
