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

  /** One whose library writes the results of bfloat16 convolutions in bfloat16, as cuDNN's may. */
  @Test
  void aSoundCardWithNarrowResultsPasses() {
    try (EmulatedDevice device = EmulatedDevice.narrow()) {
      assertThatCode(() -> CardCheck.run(0, device, Precision.BFLOAT16)).doesNotThrowAnyException();
    }
  }

  /** As those of a convolution that transforms its tiles are. */
  @Test
  void resultsMayBeOffByFractions() {
    try (EmulatedDevice device = new EmulatedDevice()) {
      assertThatCode(() -> CardCheck.run(0, off(device, 0.01f), Precision.FLOAT32))
          .doesNotThrowAnyException();
    }
  }

  @Test
  void aSingleResultThatIsOffByOneIsWrong() {
    try (EmulatedDevice device = EmulatedDevice.narrow()) {
      assertThatThrownBy(() -> CardCheck.run(0, off(device, 1), Precision.BFLOAT16))
          .hasMessageStartingWith("GPU 0 (emulated card) computes a product wrongly (");
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
      assertThatThrownBy(() -> CardCheck.run(0, off(device, Float.NaN), Precision.FLOAT32))
          .hasMessageContaining("(NaN in place of ");
    }
  }

  /** A card of which one value in what is copied from it is too large by so much. */
  private static Device off(Device device, float error) {
    return (Device)
        Proxy.newProxyInstance(
            Device.class.getClassLoader(),
            new Class<?>[] {Device.class},
            (proxy, method, arguments) -> {
              Object result = method.invoke(device, arguments);
              if (method.getName().equals("download") && arguments[1] instanceof float[] values) {
                values[5] += error;
              }
              return result;
            });
  }
}
