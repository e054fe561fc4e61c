package dev.ddpm.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CardCheckTest {

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "TF32", "BFLOAT16"})
  void aSoundCardPasses(Precision precision) {
    try (EmulatedDevice device = new EmulatedDevice()) {
      assertThatCode(() -> CardCheck.run(0, device, precision)).doesNotThrowAnyException();
    }
  }

  /** A library of which one call does nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"product", "convolution"})
  void aCardThatComputesOneOfThemWronglyIsRefused(String call) {
    try (EmulatedDevice sound = new EmulatedDevice()) {
      Device broken =
          (Device)
              Proxy.newProxyInstance(
                  Device.class.getClassLoader(),
                  new Class<?>[] {Device.class},
                  (proxy, method, arguments) -> {
                    if (method.getName().equals(call)) {
                      return idle(method.getReturnType());
                    }
                    try {
                      return method.invoke(sound, arguments);
                    } catch (InvocationTargetException e) {
                      throw e.getCause();
                    }
                  });

      assertThatThrownBy(() -> CardCheck.run(3, broken, Precision.FLOAT32))
          .isInstanceOfSatisfying(
              DdpmException.class,
              e -> assertThat(e.category()).isEqualTo(DdpmException.Category.ENVIRONMENT))
          .hasMessageStartingWith("GPU 3 (emulated card) computes a " + call + " wrongly (0.0 in")
          .hasMessageEndingWith("or set backend.device = cpu.");
    }
  }

  private static Object idle(Class<?> operation) {
    return Proxy.newProxyInstance(
        Device.class.getClassLoader(),
        new Class<?>[] {operation},
        (proxy, method, arguments) -> null);
  }

  @Test
  void notANumberIsWrong() {
    try (EmulatedDevice device = new EmulatedDevice()) {
      Device broken =
          (Device)
              Proxy.newProxyInstance(
                  Device.class.getClassLoader(),
                  new Class<?>[] {Device.class},
                  (proxy, method, arguments) -> {
                    Object result = method.invoke(device, arguments);
                    if (method.getName().equals("download")
                        && arguments[1] instanceof float[] values) {
                      values[5] = Float.NaN;
                    }
                    return result;
                  });

      assertThatThrownBy(() -> CardCheck.run(0, broken, Precision.FLOAT32))
          .hasMessageContaining("(NaN in place of ");
    }
  }
}
