import java.io.File;
import org.apache.kerby.kerberos.kerb.server.SimpleKdcServer;

/** Runs a key distribution centre: working directory, realm, port, directory for keytabs, principals. */
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
        for (int place = 4; place < arguments.length; place++) {
            String principal = arguments[place];
            String name = principal.split("[/@]")[0];
            kdc.createPrincipal(principal);
            kdc.exportPrincipal(principal, new File(arguments[3], name + ".keytab"));
        }
        System.out.println("The key distribution centre is ready");
        Thread.currentThread().join();
    }
}
