package dev.ddpm.backend.cuda.driver;

import dev.ddpm.DdpmException;
import dev.ddpm.backend.Precision;
import dev.ddpm.backend.cuda.Cards;
import dev.ddpm.backend.cuda.Device;
import dev.ddpm.backend.natives.Bindings;
import java.util.Locale;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;

/** The cards of NVIDIA's driver. */
public final class NvidiaCards implements Cards {
  /** The oldest cards that CUDA 13 has code for: Turing. */
  private static final int LEAST_CAPABILITY = 75;

  /** The oldest cards that multiply TF32 and bfloat16: Ampere. */
  private static final int LEAST_FOR_SHORT_FACTORS = 80;

  private final String driverFile;
  private final Libraries libraries;

  /** Those of this machine. */
  public NvidiaCards() {
    this(Driver.LIBRARY, Libraries.here());
  }

  NvidiaCards(String driverFile, Libraries libraries) {
    this.driverFile = driverFile;
    this.libraries = libraries;
  }

  @Override
  public boolean hasDriver() {
    try {
      Driver.find(driverFile);
      return true;
    } catch (DdpmException e) {
      return false;
    }
  }

  @Override
  public int count() {
    Driver driver = Driver.find(driverFile);
    driver.start();
    return driver.cards();
  }

  @Override
  public String uuid(int card) {
    return Driver.find(driverFile).uuid(card);
  }

  @Override
  public void require(int card, Precision precision) {
    Driver driver = Driver.find(driverFile);
    driver.start();
    driver.requireCard(card, LEAST_CAPABILITY, "CUDA 13");
    if (precision != Precision.FLOAT32) {
      driver.requireCard(
          card,
          LEAST_FOR_SHORT_FACTORS,
          "backend.precision = " + precision.name().toLowerCase(Locale.ROOT));
    }
    libraries.load();
    loadBindings();
  }

  private static void loadBindings() {
    Bindings.prepare();
    try {
      for (Class<?> binding :
          new Class<?>[] {cudart.class, nvrtc.class, cublas.class, cudnn.class}) {
        Loader.load(binding);
      }
    } catch (LinkageError e) {
      throw DdpmException.environment(
          e,
          "The bindings to CUDA cannot be loaded (%s): job jars for Linux on x86-64 have them; on"
              + " other machines set backend.device = cpu.",
          String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
    }
  }

  @Override
  public Device open(int card) {
    require(card, Precision.FLOAT32);
    return new CudaDevice(card, Driver.find(driverFile));
  }
}
