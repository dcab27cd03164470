import java.io.File;
import org.apache.kerby.kerberos.kerb.server.SimpleKdcServer;

/** Runs a key distribution centre: working directory, realm, port, keytab to write, principals. */
public class KdcMain {
    public static void main(String[] arguments) throws Exception {
        SimpleKdcServer kdc = new SimpleKdcServer();
        kdc.setWorkDir(new File(arguments[0]));
        kdc.setKdcRealm(arguments[1]);
        kdc.setKdcHost("127.0.0.1");
        kdc.setAllowUdp(false);
        kdc.setKdcTcpPort(Integer.parseInt(arguments[2]));
        kdc.init();
        kdc.start();
        File keytab = new File(arguments[3]);
        for (int place = 4; place < arguments.length; place++) {
            kdc.createPrincipal(arguments[place]);
            kdc.exportPrincipal(arguments[place], keytab);
        }
        System.out.println("The key distribution centre is ready");
        Thread.currentThread().join();
    }
}
