package dev.ddpm.backend.nd4j;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A test that computes on a GPU; skipped, with the reason printed, where ND4J does not. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Tag("gpu")
@ExtendWith(RequiresGpu.Condition.class)
@interface RequiresGpu {

  /** Asks ND4J, which takes the GPU whenever there is one. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext test) {
      if (Nd4jNatives.isGpu()) {
        return ConditionEvaluationResult.enabled("ND4J computes on a GPU");
      }
      String reason =
          "Skipped "
              + test.getDisplayName()
              + ": ND4J computes on the CPU; it needs -Pcuda and a machine with an NVIDIA GPU.";
      System.out.println(reason);
      return ConditionEvaluationResult.disabled(reason);
    }
  }
}
